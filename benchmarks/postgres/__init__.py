"""How fast PostgreSQL is filled."""
