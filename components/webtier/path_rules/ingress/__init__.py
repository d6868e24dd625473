"""Rules as Ingress objects for ingress-nginx."""
