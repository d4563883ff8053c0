"""The public contract: interactions, results, topics and their schemas.

Other teams read this package to learn what they may send and what they may rely on, so it imports nothing else of
the project, holds no state and does no I/O. An invalid event is an answer (`Refusal`), never an exception.
"""
