"""The agent beside each Redis: it forms the cluster, decides whether Redis may start, and repairs what restarts break.

It runs in the pods on redis-py alone: it needs no Kubernetes API, and imports nothing of webtier.
"""
