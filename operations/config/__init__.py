"""`make config`: every setting of a stack with where it comes from, and how those of two stacks differ."""
