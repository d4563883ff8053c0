"""Coming back when brokers and Redis are lost: what is kept elsewhere, and how all the rest is made of it again.

What a fragment knows by itself is kept, and what had not been folded yet. Who is one person, what a roof keeps of
others, profiles and closed channels follow from it and are made anew: so partitions need not be read at one moment,
and there may be more of them afterwards. docs/adr says why that is enough.
"""
