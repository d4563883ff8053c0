"""Rebuild: makes all states anew from history with today's fold, beside the running ones; compares and switches.

The result is a backup like any other, except that its contacts are folded again from the lake and from what the topic
holds beyond it. Only what no history tells is taken over from the running system: who was erased, which profiles are
published, and versions. docs/adr says why that is enough.
"""
