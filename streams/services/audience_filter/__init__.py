"""Filters an audience by permission: who may be reached, and why the others may not."""
