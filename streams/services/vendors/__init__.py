"""Brings vendors' own lists in line with what is known here: reads a list, compares, and writes the differences.

A contact_id tells no address, so nothing is pushed to a vendor: the vendor's people are hashed as they are read. No
address leaves the memory of the process but in a request to the vendor whose it is.
"""
