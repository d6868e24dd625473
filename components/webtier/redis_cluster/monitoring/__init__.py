"""Metrics of a Redis Cluster: exporter, alert rules, dashboard."""
