"""CoreDNS: the one static binary on an otherwise empty root."""

from pathlib import Path

from devcluster.images.one_binary import one_binary

RECIPE = one_binary(Path(__file__), binary="coredns", program="coredns", uid=65532)
