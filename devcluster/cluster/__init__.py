"""The cluster itself: nodes, control plane, network and certificates."""
