"""The preview: what `pulumi up` would change, as one model, and the reports that are read from it."""
