"""The embedded Kubernetes: a real three-node cluster on one Linux machine, for the stack `local`.

`python -m devcluster up|down|status` brings it up alone. It knows nothing of the web tier.
"""
