"""Mistakes in a file that somebody wrote by hand, such as a policy: which key, what is wrong with it, and the cure.

They are values to be shown to its author, found by pydantic or by a check of the caller's own.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from events.validation_messages import in_plain_words
from streams.domain.messages import CodedMessage, Listed, english, message
from streams.domain.messages.reading_back import TEXT, read_back

_FOLLOWS = "default_factory_not_called"
"""A default that hangs on a key that is wrong itself."""
_KEY = "[key]"
"""Where pydantic finds a mistake in the name of a key, and not in what it holds."""
_FILL = {"string_too_short": "file_mistake.one_character", "too_short": "file_mistake.at_least_one"}
_KINDS = {
    "tuple_type": "file_mistake.text_list",
    "dict_type": "file_mistake.keys_table",
    "model_type": "file_mistake.keys_table",
    "string_type": "file_mistake.quoted_text",
}
_NOT_SHOWN = "is not of the form that is needed"
_CURES = ("characters_at_most", "true_or_false", "region_form", "currency_form")
"""Cures that are read back from the words that everybody is told who sends something wrong."""

Told: TypeAlias = CodedMessage | str
"""What somebody is told: a code with fields, or English that has none yet."""


class FileMistake(NamedTuple):
    """One mistake in a file: what is wrong and the cure, each as a code with fields where it has one.

    `key`: the path in the file, such as `caps.email[0].at_most`; empty for the file as a whole.
    """

    key: str
    wrong: Told
    remedy: Told

    @property
    def problem(self) -> str:
        """What is wrong, in English."""
        return in_english(self.wrong)

    @property
    def cure(self) -> str:
        """What to do, in English."""
        return in_english(self.remedy)

    def as_json(self) -> dict[str, str]:
        """The mistake for programs, in English."""
        return {"key": self.key, "problem": self.problem, "cure": self.cure}

    def __str__(self) -> str:
        return f"{self.key or 'the file'}: {self.problem}; {self.cure}"


def in_english(told: Told) -> str:
    """The English sentence of what somebody is told."""
    return told if isinstance(told, str) else english(told)


class FileMistakes(NamedTuple):
    """All mistakes in a file, at least one. Nothing of such a file is used."""

    found: tuple[FileMistake, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.found))


def wrong(problem: Told, cure: Told) -> PydanticCustomError:
    """The error that a validator raises for it to become a `FileMistake` with this problem and this cure."""
    said = {"problem": in_english(problem), "cure": in_english(cure)}
    return PydanticCustomError("mistake", "{problem}; {cure}", {**said, "told": (problem, cure)})


def mistakes_in(error: ValidationError, reference: str, shown: Collection[str] | None = None) -> FileMistakes:
    """The mistakes that pydantic found, in plain words. `reference`: where keys are explained: `see docs/policy.md`.

    `shown`: the keys of which a mistake repeats what was given, where not all are; such as have secrets are not.
    """
    found = error.errors(include_url=False, include_input=True)
    mistakes = [(details["loc"][:1], _mistake(details, reference)) for details in found if details["type"] != _FOLLOWS]
    if shown is None:
        return FileMistakes(tuple(mistake for _, mistake in mistakes))
    return FileMistakes(tuple(mistake if {*key} & {*shown} else _hiding(mistake) for key, mistake in mistakes))


def reference_to(page: str) -> CodedMessage:
    """Where something is explained."""
    return message("file_mistake.see", page=page)


def shown_value(value: object) -> CodedMessage:
    """What somebody has given, cut short."""
    shown = repr(value)
    return message("file_mistake.is", value=shown if len(shown) <= 40 else f"{shown[:37]}...")


def _hiding(mistake: FileMistake) -> FileMistake:
    """The mistake without what was given."""
    is_repeated = isinstance(mistake.wrong, CodedMessage) and mistake.wrong.code == "file_mistake.is"
    return mistake._replace(wrong=_NOT_SHOWN) if is_repeated else mistake


def _mistake(details: ErrorDetails, reference: str) -> FileMistake:
    places = details["loc"]
    if places[-1:] == (_KEY,):
        named = _mistake({**details, "loc": ()}, reference)
        problem = message("file_mistake.name_in_it", problem=named.wrong)
        return FileMistake(_path(places[:-2]), problem, named.remedy)
    key, see = _path(places), reference_to(reference.removeprefix("see "))
    given: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case _ if "told" in given:
            return FileMistake(key, *given["told"])
        case _ if "cure" in given:
            return FileMistake(key, *_read_back(given["problem"], given["cure"], see))
        case "missing":
            return FileMistake(key, message("file_mistake.missing"), message("file_mistake.add", reference=see))
        case "extra_forbidden":
            return FileMistake(
                key, message("file_mistake.unknown"), message("file_mistake.correct_name", reference=see)
            )
        case "literal_error":
            return FileMistake(key, shown_value(details["input"]), _one_of(given["expected"]))
        case "string_too_short" | "too_short" if given["min_length"] == 1:
            return FileMistake(key, message("file_mistake.empty"), message(_FILL[details["type"]], reference=see))
        case kind if kind in _KINDS:
            return FileMistake(key, shown_value(details["input"]), message(_KINDS[kind]))
    cure = f"{_lower(in_plain_words(details))}: {reference}"
    return FileMistake(key, shown_value(details["input"]), _read_back("", cure, see)[1])


def _read_back(problem: str, cure: str, see: CodedMessage) -> tuple[Told, Told]:
    """A problem and its cure as codes, where the cure is one that has a code; else as they are."""
    found = read_back(cure, (f"file_mistake.{code}" for code in _CURES), {"reference": lambda _: see})
    return (problem, cure) if found.code == TEXT else (read_back(problem, ("file_mistake.is",), {}), found)


def _one_of(expected: str) -> CodedMessage:
    others, _, last = expected.rpartition(" or ")
    if not others:
        return message("file_mistake.give", value=last)
    return message("file_mistake.one_of", others=Listed(tuple(others.split(", "))), last=last)


def _path(places: Sequence[int | str]) -> str:
    return "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places).lstrip(".")


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
