"""What was changed in the cluster since the stack's last update, other than by it."""
