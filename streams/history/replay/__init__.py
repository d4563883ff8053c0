"""Replay: sends history from a lake or files to a running system again, and yields to its live traffic."""
