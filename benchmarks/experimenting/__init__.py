"""What experiments cost: the contacts that are in ten of them, and the place where all of them are added up."""
