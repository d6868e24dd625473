"""What a command of the engine does, as data: all that is said of a change is read from it."""
