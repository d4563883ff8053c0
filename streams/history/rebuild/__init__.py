"""The state made anew from all of history with today's fold, beside the running one; compared; put in its place.

What is made is a backup like any other but for its contacts: their states are folded again from the lake, and from what
the topic holds beyond it. Only what no history says is taken over from the running system: who was erased, which
profiles are out, and versions. docs/adr says why that is enough.
"""
