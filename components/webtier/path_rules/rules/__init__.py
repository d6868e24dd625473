"""The rules as users write them, what they mean, and how they are explained."""
