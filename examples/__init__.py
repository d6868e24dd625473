"""Short Pulumi programs, each about one thing, made of the components: see README.md."""
