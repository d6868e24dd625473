"""GitLab's merge requests, as far as pipelines write to them."""
