"""Old interactions in the lake, which never stood in the topic: each file of them is a log of its own, row by row.

So what is a range of offsets of the topic is a range of rows of such a file, by the same manifests: a row once, whoever
is killed, and a file that was brought in before goes on where it ended. They were appended when they happened.
"""

PREFIX = "imported-"
"""With it begin the `topic_id`s of such logs; no topic's does, which have 22 characters."""


def log_of(fingerprint: str) -> str:
    """The `topic_id` of a file, by what is in it."""
    return PREFIX + fingerprint


def is_imported(topic_id: str) -> bool:
    """Whether a row was brought in from a file."""
    return topic_id.startswith(PREFIX)
