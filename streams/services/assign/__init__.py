"""Assigns the people of a list to variants of an experiment."""
