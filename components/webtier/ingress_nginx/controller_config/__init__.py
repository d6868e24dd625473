"""The options of the controller's ConfigMap, and whether nginx takes their values."""
