"""Where results go: each sink reads an output topic and is never called from inside the fold."""
