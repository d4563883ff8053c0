"""Mistakes in a file that somebody wrote by hand, such as a policy: which key, what is wrong with it, and the cure.

They are values to be shown to its author, found by pydantic or by a check of the caller's own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from events.validation_messages import in_plain_words

_FOLLOWS = "default_factory_not_called"
"""A default that hangs on a key that is wrong itself."""
_KEY = "[key]"
"""Where pydantic finds a mistake in the name of a key, and not in what it holds."""
_FILL = {"string_too_short": "give at least one character", "too_short": "name at least one"}
_KINDS = {
    "tuple_type": 'give a list, such as ["..."]',
    "dict_type": "give a table of its keys",
    "model_type": "give a table of its keys",
    "string_type": "give a text in quotes",
}


class FileMistake(NamedTuple):
    """One mistake in a file.

    `key`: the path in the file, such as `caps.email[0].at_most`; empty for the file as a whole.
    """

    key: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.key or 'the file'}: {self.problem}; {self.cure}"


class FileMistakes(NamedTuple):
    """All mistakes in a file, at least one. Nothing of such a file is used."""

    found: tuple[FileMistake, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.found))


def wrong(problem: str, cure: str) -> PydanticCustomError:
    """The error that a validator raises for it to become a `FileMistake` with this problem and this cure."""
    return PydanticCustomError("mistake", "{problem}; {cure}", {"problem": problem, "cure": cure})


def mistakes_in(error: ValidationError, reference: str) -> FileMistakes:
    """The mistakes that pydantic found, in plain words. `reference`: where keys are explained: `see docs/policy.md`."""
    found = error.errors(include_url=False, include_input=True)
    return FileMistakes(tuple(_mistake(details, reference) for details in found if details["type"] != _FOLLOWS))


def _mistake(details: ErrorDetails, reference: str) -> FileMistake:
    places = details["loc"]
    if places[-1:] == (_KEY,):
        wrong_name = _mistake({**details, "loc": ()}, reference)
        return FileMistake(_path(places[:-2]), f"a name in it {wrong_name.problem}", wrong_name.cure)
    key = _path(places)
    given: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case _ if "cure" in given:
            return FileMistake(key, given["problem"], given["cure"])
        case "missing":
            return FileMistake(key, "is missing", f"add it, nothing is guessed: {reference}")
        case "extra_forbidden":
            return FileMistake(key, "is not known", f"correct its name or take it out: {reference}")
        case "literal_error":
            return FileMistake(key, f"is {_shown(details['input'])}", f"give {given['expected']}")
        case "string_too_short" | "too_short" if given["min_length"] == 1:
            return FileMistake(key, "is empty", f"{_FILL[details['type']]}: {reference}")
    cure = _KINDS.get(details["type"], f"{_lower(in_plain_words(details))}: {reference}")
    return FileMistake(key, f"is {_shown(details['input'])}", cure)


def _path(places: Sequence[int | str]) -> str:
    return "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places).lstrip(".")


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
