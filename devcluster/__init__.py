"""The embedded Kubernetes: a real three-node cluster on one Linux machine, for the stack `local`.

`python -m devcluster up|down|status|env` is its whole interface. It knows nothing of the web tier.
"""
