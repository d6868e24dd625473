"""Programs that are built from published Go modules."""
