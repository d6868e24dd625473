"""What only settings of several components together can get wrong."""
