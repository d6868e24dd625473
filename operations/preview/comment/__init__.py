"""One comment of a pull request for all of its previews, edited in place. It needs nothing but Python."""
