"""Users, passwords and certificates of a Redis Cluster."""
