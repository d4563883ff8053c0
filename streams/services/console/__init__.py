"""The console for people who do not type commands, and the desk that its figures come from."""
