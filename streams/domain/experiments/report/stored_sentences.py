"""Reads back the code of a sentence that a result holds as text, so that it can be told in another language.

Results are public documents whose `warnings`, `why` and `not_checked` are English sentences, also those that another
version wrote. A sentence that is not known here stays the text that it is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from string import Formatter

from streams.domain.messages import TEMPLATES, Field, Listed, Message, Plural, Share, english, message

TEXT = "text"
"""The code of a sentence that is told as it was written."""
STORED = (
    *("experiment.unplanned_variant", "experiment.split_not_checked_define", "experiment.split_not_checked"),
    *("experiment.not_defined", "experiment.not_a_guardrail"),
    *("experiment.too_few_people", "experiment.too_few_groups", "experiment.too_rare", "experiment.forgotten"),
    *("experiment.nobody_defined", "experiment.strata_differ"),
)
"""Codes of the sentences in results, the longer before those that they begin with."""


def part(variant: str, share: float) -> Message:
    """How large a variant is, as part of all people."""
    return message("experiment.part", variant=variant, share=Share(share, digits=2))


def variant_with_people(variant: str, people: int) -> Message:
    """A variant and how many people are in it."""
    return message("experiment.variant_with_people", variant=variant, people=people)


@lru_cache(maxsize=1_000)
def stored_message(text: str) -> Message:
    """The message of a stored sentence. Its English sentence is this text again, to the letter."""
    for code in STORED:
        found = _read(code, text)
        if found is not None and english(found) == text:
            return found
    return message(TEXT, text=text)


def _read(code: str, text: str) -> Message | None:
    match = _pattern(code).fullmatch(text)
    if match is None:
        return None
    return Message(code, {place: _FIELDS.get(place, str)(found) for place, found in match.groupdict().items()})


@lru_cache
def _pattern(code: str) -> re.Pattern[str]:
    template = TEMPLATES[code]
    if isinstance(template, Plural):
        raise TypeError(f"{code}: stored sentences have no plural")
    parts = [
        re.escape(literal) + ("" if place is None else f"(?P<{place}>.+?)")
        for literal, place, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)


_MORE = re.compile(r" and ([\d,]+) more$")
_PART = re.compile(r"(.+?) (\d+\.\d\d) %(?:, |$)", re.DOTALL)
_PEOPLE = re.compile(r"(.+?) \(([\d,]+) people\)(?:, |$)", re.DOTALL)


def _number(text: str) -> Field:
    return int(text.replace(",", "")) if text.replace(",", "").isdecimal() else text


def _parts(text: str) -> Field:
    more = _MORE.search(text)
    shown = text[: more.start()] if more else text
    found = (
        message("experiment.part", variant=name, share=Share(float(share), 100, 2))
        for name, share in _PART.findall(shown)
    )
    return Listed(tuple(found), int(more[1].replace(",", "")) if more else 0)


def _variants(text: str) -> Field:
    return Listed(tuple(variant_with_people(name, int(n.replace(",", ""))) for name, n in _PEOPLE.findall(text)))


def _names(text: str) -> Field:
    return Listed(tuple(text.split(", ")))


_FIELDS: Mapping[str, Callable[[str], Field]] = {
    "why": stored_message,
    "parts": _parts,
    "variants": _variants,
    "metrics": _names,
    "guardrails": _names,
    "least": _number,
    "days": _number,
}
"""How the text of a place becomes its field."""


def names(of: Sequence[str]) -> Listed:
    """Names in a row."""
    return Listed(tuple(of))
