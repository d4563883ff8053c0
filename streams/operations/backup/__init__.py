"""Backup and restore for the loss of brokers and Redis: what is kept, and how everything else is made of it again.

Kept is what each fragment knows by itself, and what had not been folded yet. Identity clusters, merged parts, profiles
and closed channels follow from it and are made anew: so partitions need not be read at one moment, and there may be
more of them afterwards. docs/adr says why that is enough.
"""
