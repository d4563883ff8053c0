"""What is said: the interactions, the results, the topics and their schemas.

Other teams read this package to learn what they may send and what they may rely on, so it imports nothing else of
the project, holds no state and does no I/O. What is said wrongly is an answer (`Refusal`), never an exception.
"""
