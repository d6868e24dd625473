"""What a change will do to what runs, from what is known of the objects that the components make."""
