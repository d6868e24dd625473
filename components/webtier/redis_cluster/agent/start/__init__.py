"""Before Redis starts: whether it may, with which data, addresses and users."""
