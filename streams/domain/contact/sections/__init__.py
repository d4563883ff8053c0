"""The sections of a profile: each made of the facts of one subject."""
