"""The report of a merged pull request, for the deployment of what it became. It needs nothing but Python."""
