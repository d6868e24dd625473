"""The registry of rule options: what each field of a rule, and of a host, becomes everywhere."""
