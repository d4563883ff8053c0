"""A mapping: what is changed in dead letters so that they are taken, as whoever mends them writes it in a TOML file.

It may rename fields, fill in what is missing and read a value as what it means. It cannot make two records one, nor say
yes for anybody: such a file is refused with its mistakes, which key, what is wrong, and the cure.
"""

import json
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from events.times import render_time
from events.validation_messages import in_plain_words
from streams.domain.dead_letter_repair.casting import KINDS, is_kind

_REFERENCE = "see docs/dead-letters.md"


class MappingMistakes(NamedTuple):
    """All mistakes in a mapping's file, a line each; such a file is not used."""

    found: tuple[str, ...]

    @classmethod
    def of_toml(cls, said: str) -> "MappingMistakes":
        """The mistake of a file that is no TOML."""
        return cls((f"the file is no TOML: {said}; {_REFERENCE}",))

    def __str__(self) -> str:
        return "\n".join(self.found)


def mapping_mistake(problem: str, cure: str) -> PydanticCustomError:
    """The error that a validator raises, with its problem and its cure."""
    return PydanticCustomError("mapping", "{problem}; {cure}", {"problem": problem, "cure": cure})


def mistakes_in(error: ValidationError) -> MappingMistakes:
    """The mistakes that pydantic found; of several tries to read one value the first."""
    told: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in details["loc"][:2]) or "the file"
        told.setdefault(where, _problem(details["type"], in_plain_words(details)))
    return MappingMistakes(tuple(f"{where}: {said}" for where, said in told.items()))


def _problem(kind: str, message: str) -> str:
    if kind == "mapping":
        return message
    if kind == "extra_forbidden":
        return "is not known; a mapping has topic, rename, values, default and cast"
    return f"{message[:1].lower()}{message[1:]}; {_REFERENCE}"


Path: TypeAlias = tuple[str, ...]
Scalar = str | int | float | bool
Filling = Scalar | list[Scalar]

_ENVELOPE = frozenset({"specversion", "id", "source", "type", "time", "dataschema"})
_DEEPEST = 8
_WHO = ("contact_id", "voter_id", "external", "email", "phone")
_ONE_EACH = frozenset(
    {
        *(("id",), ("data",), ("data", "contact")),
        *(("data", "donation_id"), ("data", "refund_id"), ("data", "report_id"), ("data", "message_id")),
        *(("data", "contact", name) for name in _WHO),
    }
)
"""Fields that tell one interaction, gift or person from another: one value for all letters would make them one."""


def _path(text: object) -> Path:
    steps = tuple(text.split(".")) if isinstance(text, str) else ()
    if not steps or not all(steps) or len(steps) > _DEEPEST:
        raise mapping_mistake(
            "is no path", f"give names with dots between them, {_DEEPEST} at most, such as data.amount"
        )
    return steps


def _inside(path: Path) -> Path:
    if path[0] != "data" and (len(path) > 1 or path[0] not in _ENVELOPE):
        raise mapping_mistake("is no field of an interaction", f"give data.… or one of {', '.join(sorted(_ENVELOPE))}")
    return path


def _fills(path: Path) -> Path:
    if path in _ONE_EACH or path[:3] == ("data", "contact", "external"):
        raise mapping_mistake(
            "would be the same for all dead letters", "they would be taken for one: leave it out, or rename"
        )
    return path


def _says_anew(path: Path) -> Path:
    if path in _ONE_EACH or path[:3] == ("data", "contact", "external"):
        raise mapping_mistake(
            "tells dead letters apart", "two would be taken for one: leave it out, and mend the producer"
        )
    return path


def _kind(text: str) -> str:
    if not is_kind(text):
        raise mapping_mistake("is no kind", f"give one of {', '.join(KINDS)}, or time@ and a time zone")
    return text


def _plain(value: object) -> object:
    return render_time(int(value.timestamp() * 1000)) if isinstance(value, datetime) and value.tzinfo else value


From = Annotated[Path, BeforeValidator(_path)]
To = Annotated[Path, BeforeValidator(_path), AfterValidator(_inside)]
Tells = Annotated[Path, BeforeValidator(_path), AfterValidator(_inside), AfterValidator(_says_anew)]
Filled = Annotated[Path, BeforeValidator(_path), AfterValidator(_inside), AfterValidator(_fills)]


class Mapping(BaseModel):
    """Changes to each letter, in this order: `rename`, `values`, `default`, `cast`.

    A rename or a default never overwrites a value. `topic`: where the letters go instead of where they came from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    topic: Literal["email-events", "donation-events", "canvass-events", "outreach-events"] | None = None
    rename: dict[From, To] = {}
    values: dict[Tells, dict[str, Scalar]] = {}
    default: dict[Filled, Annotated[Filling, BeforeValidator(_plain)]] = {}
    cast: dict[To, Annotated[str, AfterValidator(_kind)]] = {}

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: dict(_leaves(value)) if isinstance(value, dict) else value for name, value in given.items()} | (
            {"values": dict(_tables(given["values"]))} if isinstance(given.get("values"), dict) else {}
        )

    @model_validator(mode="after")
    def _says_yes_for_nobody(self) -> "Mapping":
        if self.default.get(("data", "granted"), False) is not False:  # a cast makes true of "yes"
            raise mapping_mistake("default.data.granted is not false", "nobody said yes: leave it out")
        return self

    @cached_property
    def version(self) -> str:
        """A hash of the mapping's content: 12 hex digits."""
        said = json.dumps(_named(self), sort_keys=True, separators=(",", ":"))
        return blake2b(said.encode(), digest_size=6).hexdigest()


def read_mapping(text: str) -> Mapping | MappingMistakes:
    """The mapping in the text of a file, or its mistakes."""
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return MappingMistakes.of_toml(str(error))
    except ValidationError as error:
        return mistakes_in(error)


def _leaves(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The innermost values by dotted path: `data.amount = 1`, nested tables in TOML, and `"data.amount" = 1` alike."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _tables(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """As `_leaves`, where the innermost table is the value."""
    for name, value in table.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            yield from _tables(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _named(mapping: Mapping) -> dict[str, Any]:
    """The mapping as plain JSON; only `rename` keeps its order, since its steps may build on each other."""
    said: dict[str, Any] = {
        "topic": mapping.topic,
        "rename": [[*map(".".join, pair)] for pair in mapping.rename.items()],
    }
    for section in ("values", "default", "cast"):
        said[section] = {".".join(path): value for path, value in getattr(mapping, section).items()}
    return said
