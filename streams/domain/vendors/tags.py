"""The tags at vendors that are ours, and from how many people one run may take one off."""

TAG_PREFIX = "harmonia:"
"""How every tag, or list, at a vendor begins that is ever touched."""
MOST_REMOVED = 20
"""Per cent of the people with a tag from whom one run takes it off, unless it is told otherwise."""


def removes_too_many(removed: int, held: int, most: int) -> bool:
    """Whether a tag would be taken off more than `most` per cent of those who have it."""
    return removed * 100 > held * most


def tag_of(segment: str) -> str:
    """The tag, or the name of the list, of a segment at a vendor."""
    return TAG_PREFIX + segment
