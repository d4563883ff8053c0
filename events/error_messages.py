"""Sentences for `dl_detail`: which field, and what would be right. Never a value, never a name that a producer made up.

A field name that we do not know may itself be an address (`answers`, `external` and unknown fields are keyed by
producers), so it is shown as `*`.
"""

from collections.abc import Iterable

from pydantic import ValidationError

from events.contact import Contact
from events.fields import Model
from events.interactions.base import ExperimentArm, Reference
from events.registry import MODELS
from events.wording import in_plain_words

_ENVELOPE = {"id", "source", "type", "time", "dataschema", "specversion", "data"}
_MODELS: list[type[Model]] = [*MODELS.values(), Contact, ExperimentArm, Reference]
_KNOWN = _ENVELOPE.union(*(model.model_fields for model in _MODELS))
_LONGEST = 200


def field(path: Iterable[str | int]) -> str:
    """`data.tags_added.3`, `data.answers.*`: nothing is shown from the first unknown name on."""
    shown: list[str] = []
    for step in path:
        if isinstance(step, str) and step not in _KNOWN:
            shown.append("*")
            break
        shown.append(str(step))
    return ".".join(shown)


def sentence(path: Iterable[str | int], cure: str) -> str:
    """`data.amount: give more than 0`, cut to 200 characters."""
    return f"{field(path)}: {cure}"[:_LONGEST]


def explain(error: ValidationError, above: tuple[str, ...] = ("data",)) -> str:
    """The first thing that is wrong with `data`, without what was found there."""
    first = error.errors(include_url=False, include_input=False)[0]
    return sentence((*above, *first["loc"]), in_plain_words(first))
