"""A list of people, and the variant of an experiment that each of them gets."""
