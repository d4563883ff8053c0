"""Requeue: sends dead letters again, each exactly once, whoever runs it and whatever crashes in between."""
