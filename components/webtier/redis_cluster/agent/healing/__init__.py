"""Beside a running Redis: mends links, follows moved peers, forgets those that are gone."""
