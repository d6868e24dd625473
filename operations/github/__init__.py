"""GitHub's issues and comments, as far as workflows write them."""
