"""What people change from the console: the route of all acts, and the function that does each."""
