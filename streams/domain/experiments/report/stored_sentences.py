"""Sentences that results of experiments hold as text, read back to their codes; and the fields of these."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from streams.domain.experiments.report.headline import metric_name
from streams.domain.messages import CodedMessage, Field, Listed, Share, message
from streams.domain.messages.reading_back import ReadField, number, read_back

STORED = (
    *("experiment.unplanned_variant", "experiment.split_not_checked_define", "experiment.split_not_checked"),
    *("experiment.not_defined", "experiment.not_a_guardrail"),
    *("experiment.too_few_people", "experiment.too_few_groups", "experiment.too_rare", "experiment.forgotten"),
    *("experiment.nobody_defined", "experiment.strata_differ"),
)
"""Codes of the sentences in results, the longer before those that they begin with."""


def part(variant: str, share: float) -> CodedMessage:
    """How large a variant is, as part of all people."""
    return message("experiment.part", variant=variant, share=Share(share, digits=2))


def variant_with_people(variant: str, people: int) -> CodedMessage:
    """A variant and how many people are in it."""
    return message("experiment.variant_with_people", variant=variant, people=people)


def names(of: Sequence[str]) -> Listed:
    """Names in a row."""
    return Listed(tuple(of))


@lru_cache(maxsize=1_000)
def stored_message(text: str) -> CodedMessage:
    """The message of a sentence in a result, of `warnings`, `why` or `not_checked`."""
    return read_back(text, STORED, _FIELDS)


_MORE = re.compile(r" and ([\d,]+) more$")
_PART = re.compile(r"(.+?) (\d+\.\d\d) %(?:, |$)", re.DOTALL)
_PEOPLE = re.compile(r"(.+?) \(([\d,]+) people\)(?:, |$)", re.DOTALL)


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


def _metrics(text: str) -> Field:
    return Listed(tuple(map(metric_name, text.split(", "))))


_FIELDS: Mapping[str, ReadField] = {
    "why": stored_message,
    "parts": _parts,
    "variants": _variants,
    "metrics": _metrics,
    "guardrails": _metrics,
    "least": number,
    "days": number,
}
