"""What people run around `pulumi`: the local environment, previews, status."""
