"""The Prometheus exporter for Redis: the one static binary on an otherwise empty root, as the official image is."""

from pathlib import Path

from devcluster.images.one_binary import one_binary

RECIPE = one_binary(Path(__file__), binary="redis-exporter", program="redis_exporter", uid=59000)
