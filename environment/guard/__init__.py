"""What is refused after a look at the live cluster and the stack's state, before anything is sent."""
