"""Names the known types that an unknown type may be meant for, for whoever is about to send it.

A type that is spelled like it comes first. Otherwise types are named that share a word with it: in their name, in what
is said of them, or among the values of their fields, so that `petition.signed` leads to `form.submitted`.
"""

import re
from collections.abc import Sequence
from functools import cache
from inspect import getdoc
from typing import Any, Literal, get_args, get_origin

from events.registry import MODELS, SPECS
from events.spelling import nearest_name

UNKNOWN_TYPE = "type: not a type of version 1 of the contract; docs/events.md lists all"
"""Why a type is refused of which no more may be said."""
MOST_NAMED = 3
_SHORTEST, _LONGEST = 4, 2_000
"""The fewest letters of a word that is compared (of, a and by stand in every sentence), and the most of a text."""
_words_of = re.compile(r"[a-z]+").findall


def unknown_type(type_: str) -> str:
    """Why an unknown type is refused, with the known types that it may be meant for. Does not repeat the type."""
    near = near_types(type_)
    return f"{UNKNOWN_TYPE}; did you mean {' or '.join(near)}?" if near else UNKNOWN_TYPE


def near_types(type_: str) -> Sequence[str]:
    """The known types that an unknown type may be meant for; at most `MOST_NAMED`, in the order of the contract."""
    if spelled := nearest_name(type_, MODELS):
        return [spelled]
    asked = _long_words(type_)
    shared = {known: len(asked & words) for known, words in _words_of_types().items()}
    most = max(shared.values())
    return [known for known, count in shared.items() if count == most > 0][:MOST_NAMED]


@cache
def _words_of_types() -> dict[str, frozenset[str]]:
    """The words of each type but commands: nobody is led to one by a word of its sentence."""
    return {
        spec.name: _long_words(
            " ".join([spec.name, getdoc(spec.model) or "", *_values(spec.model.model_fields.values())])
        )
        for spec in SPECS
        if not spec.is_command
    }


def _long_words(text: str) -> frozenset[str]:
    return frozenset(word for word in _words_of(text[:_LONGEST].lower()) if len(word) >= _SHORTEST)


def _values(fields: Any) -> list[str]:
    """The values of fields that have a closed list of them."""
    return [value for field in fields for value in _listed(field.annotation)]


def _listed(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [value for value in get_args(annotation) if isinstance(value, str)]
    return [value for inner in get_args(annotation) for value in _listed(inner)]
