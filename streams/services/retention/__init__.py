"""Retention: who has what came from one source until a time, and the commands that have it forgotten."""
