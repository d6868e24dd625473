"""The program beside Redis: forms the cluster, prepares a start, mends what a restart broke.

It runs in the pods on redis-py alone: it needs no Kubernetes API, and imports nothing of webtier.
"""
