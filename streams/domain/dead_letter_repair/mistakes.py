"""What is wrong with a mapping's file, told to whoever wrote it: which key, what is wrong, and the cure."""

from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from events.wording import in_plain_words

_REFERENCE = "see docs/dead-letters.md"


class MappingMistakes(NamedTuple):
    """All that is wrong, a line each. Nothing of the file holds."""

    found: tuple[str, ...]

    @classmethod
    def of_toml(cls, said: str) -> "MappingMistakes":
        """Of a file that is no TOML."""
        return cls((f"the file is no TOML: {said}; {_REFERENCE}",))

    def __str__(self) -> str:
        return "\n".join(self.found)


def wrong(problem: str, cure: str) -> PydanticCustomError:
    """What a validator raises."""
    return PydanticCustomError("mapping", "{problem}; {cure}", {"problem": problem, "cure": cure})


def mistakes_in(error: ValidationError) -> MappingMistakes:
    """What pydantic found; of several tries to read one value the first."""
    told: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in details["loc"][:2]) or "the file"
        told.setdefault(where, _said(details["type"], in_plain_words(details)))
    return MappingMistakes(tuple(f"{where}: {said}" for where, said in told.items()))


def _said(kind: str, message: str) -> str:
    if kind == "mapping":
        return message
    if kind == "extra_forbidden":
        return "is not known; a mapping has topic, rename, values, default and cast"
    return f"{message[:1].lower()}{message[1:]}; {_REFERENCE}"
