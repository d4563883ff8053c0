"""What dead letters look like inside: which fields they have, and of what kind each is, never what is in one.

That is what whoever writes a mapping has to know. Names of fields are a producer's choice: those that do not look like
names are shown as `*`, since they may be somebody's address.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from events.cloudevents import is_binary
from events.times import parse_time
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.display_names import named

MOST_FIELDS = 500
"""Fields that are told apart; a producer that makes names up would need any memory."""
_DEEPEST = 8
_is_whole = re.compile(r"[+-]?\d{1,18}", re.ASCII).fullmatch
_is_decimal = re.compile(r"[+-]?\d{0,18}[.,]\d{1,18}", re.ASCII).fullmatch


@dataclass(slots=True)
class FieldShapes:
    """Of `letters` how many have each field, by its path and the kind of what is in it.

    `unreadable`: letters that are no JSON object, so nothing is known of their fields. `left_out`: fields beyond the
    most that are told apart.
    """

    letters: int = 0
    unreadable: int = 0
    left_out: int = 0
    kinds: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, letter: Letter) -> None:
        """Count the fields of one more letter; a field that a list has several times counts once for each kind."""
        self.letters += 1
        found = _content(letter)
        if found is None:
            self.unreadable += 1
            return
        for path, kind in {*_leaves(found)}:
            if path not in self.kinds and len(self.kinds) >= MOST_FIELDS:
                self.left_out += 1
            else:
                self.kinds.setdefault(path, Counter())[kind] += 1


def field_shapes(letters: Iterable[Letter]) -> FieldShapes:
    """The shapes of all these letters."""
    shapes = FieldShapes()
    for letter in letters:
        shapes.add(letter)
    return shapes


def kind_of(value: object) -> str:
    """What kind a value is of. A text says what it could be read as, so that a cast can be chosen."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int():
            return "whole number"
        case float():
            return "decimal number"
        case str():
            return _kind_of_text(value)
        case list():
            return "list"
    return "object"


def _kind_of_text(text: str) -> str:
    if not text:
        return "empty text"
    if _is_whole(text):
        return "text: whole number"
    if _is_decimal(text):
        return "text: decimal number"
    if text.lower() in {"true", "false", "yes", "no"}:
        return "text: true or false"
    return "text: time" if parse_time(text) is not None else "text"


def _content(letter: Letter) -> dict[str, object] | None:
    """The event of a letter in structured mode; of one in binary mode its attributes and its data."""
    try:
        value = orjson.loads(letter.value or b"null")
    except orjson.JSONDecodeError:
        return None
    if letter.headers and is_binary(letter.headers):
        attributes = {name.removeprefix("ce_"): (text or b"").decode(errors="replace") for name, text in letter.headers}
        return {**attributes, "data": value}
    return value if isinstance(value, dict) else None


def _leaves(value: object, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{named(str(name))}" if path else named(str(name)), depth + 1)
    elif isinstance(value, list) and value and depth < _DEEPEST:
        for inner in value:
            yield from _leaves(inner, f"{path}[]", depth + 1)
    else:
        yield path, kind_of(value)
