"""Talking to Redis: connections, and what its answers and files say."""
