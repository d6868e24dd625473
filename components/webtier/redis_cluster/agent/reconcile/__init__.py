"""The Job that brings a cluster to its goal: forms it, grows it, shrinks it."""
