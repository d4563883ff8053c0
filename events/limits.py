"""Size limits of events that no model can state, since they hold for unknown fields or before parsing."""

from collections.abc import Iterable

from events.fields import MAX_DEPTH, MAX_TEXT, MAX_URL
from events.json_types import JSON

Excess = tuple[tuple[str | int, ...], str]
"""The path of a value, and the cure."""

_URLS = frozenset({"url", "dataschema"})


def within_by_size(size: int, brackets: int) -> bool:
    """Whether an event is so short that no string can be too long, with so few brackets that it cannot be too deep.

    `size`: bytes of value and headers; `brackets`: `{` and `[` of the value, to which binary mode adds one level.
    It saves most records the walk.
    """
    return size <= MAX_TEXT and brackets < MAX_DEPTH


def first_excess(value: JSON, most: int = MAX_TEXT, depth: int = 1) -> Excess | None:
    """The first field that is too long or too deep, None if there is none.

    `most`: the most characters of a string at this place; `depth`: the level of `value`, 1 for a whole event.
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


MOST_CONTAINERS = 100_000
"""The most objects and arrays of one JSON text."""
MOST_VALUES = 500_000


def is_crowded(text: bytes, containers: int = MOST_CONTAINERS, values: int = MOST_VALUES) -> bool:
    """Whether a JSON text may hold more objects and arrays, or more values, than these limits. Ask before parsing it.

    To parse eight million brackets takes seconds in which the process does nothing else; to count them takes a
    hundredth. Commas and brackets in strings count too, so the limits are far above what anybody sends.
    """
    if len(text) <= min(containers, values):
        return False
    return text.count(b"[") + text.count(b"{") > containers or text.count(b",") > values
