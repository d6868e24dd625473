"""What a Redis Cluster and a single Redis have in common."""
