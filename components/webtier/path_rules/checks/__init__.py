"""What a set of rules must satisfy as a whole, before anything is sent."""
