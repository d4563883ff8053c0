"""History once more: the rows of the lake by contact, each contact's in the order in which they came, folded again.

A worker meets the interactions of all contacts mixed, so it loads, writes and shows a state for each chunk in which one
is heard of. Whoever has all of history need not: sorted by contact first, each state is made once and never loaded.

`gathering` sorts rows into buckets that fit into memory, `contacts` reads them, `living` folds a contact as the stream
does, `working` does a piece of work for every bucket with several processes, and `folding` writes states and profiles.
"""
