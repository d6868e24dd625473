"""Reusable Pulumi components. They know neither stacks nor config."""
