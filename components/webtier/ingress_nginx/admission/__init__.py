"""What the API server asks or refuses about Ingresses: the admission webhook and the policies."""
