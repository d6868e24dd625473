"""A Redis Cluster on Kubernetes: one StatefulSet a shard, storage, Services, and the agent."""
