"""What every component needs: labels, security contexts, checked field types, checksums."""
