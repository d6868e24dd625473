"""What must not happen unless somebody has allowed it."""
