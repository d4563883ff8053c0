"""Refold: folds the lake's rows again, contact by contact, each contact's in the order in which they came.

A worker meets the interactions of all contacts mixed, so it loads, writes and publishes a state for each chunk that
concerns it. With all of history sorted by contact first, each state is made once and never loaded.

`buckets` sorts rows into buckets that fit into memory, `contact_rows` reads a contact's rows, `contact_folding` folds a
contact as the stream does, `fold_files` writes states and profiles, and `arrow` does the same inside Spark.
"""
