"""The size limits that no model can state, because they hold for unknown fields too."""

from collections.abc import Iterable

from events.fields import MAX_DEPTH, MAX_TEXT, MAX_URL
from events.json_types import JSON

Excess = tuple[tuple[str | int, ...], str]
"""Where, and what would be right."""

_URLS = frozenset({"url", "dataschema"})


def within_by_size(size: int, brackets: int) -> bool:
    """Whether an event is too short to hold too long a string and has too few brackets to be too deep.

    `size`: bytes of value and headers; `brackets`: `{` and `[` of the value, to which binary mode adds one level.
    Spares most records the walk.
    """
    return size <= MAX_TEXT and brackets < MAX_DEPTH


def first_excess(value: JSON, most: int = MAX_TEXT, depth: int = 1) -> Excess | None:
    """The first field that is too long or too deep. None: all is within.

    `most`: characters that a string here may have; `depth`: the level of `value`, 1 for a whole event.
    """
    if isinstance(value, str):
        return ((), f"at most {most} characters") if len(value) > most else None
    items: Iterable[tuple[str | int, JSON]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return None
    if depth > MAX_DEPTH:
        return (), f"at most {MAX_DEPTH} levels of JSON"
    for name, item in items:
        if isinstance(name, str) and len(name) > MAX_TEXT:
            return (), f"names of fields of at most {MAX_TEXT} characters"
        if found := first_excess(item, MAX_URL if name in _URLS else MAX_TEXT, depth + 1):
            return (name, *found[0]), found[1]
    return None
