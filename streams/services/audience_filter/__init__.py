"""Filters a whole audience by permission: who may be reached, and why the others may not."""
