"""Beside a running Redis: repairs links, follows moved peers, forgets stale nodes."""
