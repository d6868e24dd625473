"""What brings metrics to Prometheus, whatever they are about: settings, alert rules, objects."""
