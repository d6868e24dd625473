"""One environment: its typed settings, and the components composed from them."""
