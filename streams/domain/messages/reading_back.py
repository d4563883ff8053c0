"""Reads back the code of a sentence that a public record holds as text, so that it can be told in another language.

Results of experiments and alerts are documents whose sentences are English, also those that another version wrote. A
sentence that is not known here stays the text that it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from string import Formatter

from streams.domain.messages.english import english
from streams.domain.messages.fields import CodedMessage, Field, Plural, message
from streams.domain.messages.texts import TEMPLATES

TEXT = "text"
"""The code of a sentence that is told as it was written."""
ReadField = Callable[[str], Field]


def read_back(text: str, codes: Iterable[str], fields: Mapping[str, ReadField]) -> CodedMessage:
    """The message of a text: of the first of these codes whose English sentence is this text, to the letter.

    `fields`: how the text of a place becomes its field; others stay texts.
    """
    for code in codes:
        match = _pattern(code).fullmatch(text)
        if match is None:
            continue
        found = CodedMessage(code, {place: fields.get(place, str)(part) for place, part in match.groupdict().items()})
        if english(found) == text:
            return found
    return message(TEXT, text=text)


def number(text: str) -> Field:
    """The number in a text, with or without separators; a text that is none stays one."""
    plain = text.replace(",", "")
    return int(plain) if plain.isdecimal() and plain.isascii() else text


@lru_cache
def _pattern(code: str) -> re.Pattern[str]:
    template = TEMPLATES[code]
    if isinstance(template, Plural):
        raise TypeError(f"{code}: sentences that are read back have no plural")
    parts = [
        re.escape(literal) + ("" if place is None else f"(?P<{place}>.+?)")
        for literal, place, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)
