"""The regular expressions of rules: which are allowed, what they match, and how long a match can take."""
