"""Benchmarks: `make bench`. They compare side by side in one run, and say ratios; no test depends on them."""
