"""Rules as HTTPRoutes of the Gateway API."""
