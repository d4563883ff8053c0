"""Exports people whose channel is closed to everyone, as files for the tools of senders that cannot ask the API."""
