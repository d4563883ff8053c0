"""Quarantine of sources: records of a source that floods are held, if they can wait, until somebody has looked."""
