"""Sends dead letters anew: each of them once, whoever asks how often, and whatever crashes in between."""
