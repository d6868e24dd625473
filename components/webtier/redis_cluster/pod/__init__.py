"""What a Redis pod is made of: containers, scripts, probes, configuration, volumes."""
