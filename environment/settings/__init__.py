"""The settings of a stack: read, checked, reported, and documented."""
