"""Sentences for `dl_detail`: the field and the cure, never a value or a name that a producer made up.

An unknown field name may itself be an address (`answers`, `external` and unknown fields have keys of producers), so it
is shown as `*`.
"""

from collections.abc import Iterable

from pydantic import ValidationError

from events.contact import Contact
from events.fields import Model
from events.interactions.base import ExperimentArm, Provenance, Reference
from events.registry import MODELS
from events.validation_messages import in_plain_words

_ENVELOPE = {"id", "source", "type", "time", "dataschema", "specversion", "data"}
_MODELS: list[type[Model]] = [*MODELS.values(), Contact, ExperimentArm, Provenance, Reference]
_KNOWN = _ENVELOPE.union(*(model.model_fields for model in _MODELS))
_LONGEST = 200


def field(path: Iterable[str | int]) -> str:
    """The path of a field, `data.tags_added.3` or `data.answers.*`: cut at the first unknown name."""
    shown: list[str] = []
    for step in path:
        if isinstance(step, str) and step not in _KNOWN:
            shown.append("*")
            break
        shown.append(str(step))
    return ".".join(shown)


def sentence(path: Iterable[str | int], cure: str) -> str:
    """A field and its cure, `data.amount: give more than 0`, cut to 200 characters."""
    return f"{field(path)}: {cure}"[:_LONGEST]


def explain(error: ValidationError, above: tuple[str, ...] = ("data",)) -> str:
    """The first mistake in `data`, without the value that was found."""
    first = error.errors(include_url=False, include_input=False)[0]
    return sentence((*above, *first["loc"]), in_plain_words(first))
