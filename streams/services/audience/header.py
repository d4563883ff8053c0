"""Reads the header of an audience, and the hashes of those identifiers of a row that its columns hold.

Names of columns are compared without regard to case, accents, spaces, hyphens and underscores, and the usual names of
vendors' exports are known, since nobody renames columns of a list that goes out tonight. A name that is one letter off
is refused: what was meant to identify people must not go unread. Names that came later are not compared so: lists with
columns nearly so called went out before.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from events.fields import CONTACT_ID_PATTERN
from events.identifiers import Hasher, Kind
from events.normalise import is_one_phone

IdentifierField = Literal["contact_id", "voter_id", "external", "email", "phone"]
STRENGTH: tuple[IdentifierField, ...] = ("contact_id", "voter_id", "external", "email", "phone")

_KNOWN: dict[str, tuple[IdentifierField, str]] = {
    "contactid": ("contact_id", ""),
    "voterid": ("voter_id", ""),
    "email": ("email", ""),
    "emailaddress": ("email", ""),
    "phone": ("phone", ""),
    "phonenumber": ("phone", ""),
    "mobilenumber": ("phone", ""),
    "vanid": ("external", "van"),
    "actionnetworkid": ("external", "actionnetwork"),
}
_KNOWN_AS_WRITTEN: dict[str, tuple[IdentifierField, str]] = {
    **_KNOWN,
    "courriel": ("email", ""),
    "mobile": ("phone", ""),
    "telephone": ("phone", ""),
}
"""The names, those included that came later: they count as they are written alone."""
_WRITTEN = {"contactid": "contact_id", "voterid": "voter_id", "actionnetworkid": "Action Network ID"}
_EXTERNAL = "external."
_IN_NO_SYSTEM = frozenset(':,;"')
"""What stands in the name of no system; in a first row that is parted by the wrong mark it would."""
BOM = "\ufeff"
_NAMES = "contact_id, voter_id, external.<system>, email, phone"


@dataclass(frozen=True, slots=True)
class IdentifierColumn:
    """A column that identifies people; `system`: that of an external id, in lower case, else empty."""

    position: int
    field: IdentifierField
    system: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of an audience; `naming`: those that identify people, strongest first."""

    names: tuple[str, ...]
    naming: tuple[IdentifierColumn, ...]

    @property
    def width(self) -> int:
        """How many fields each row has."""
        return len(self.names)

    @property
    def unread(self) -> list[str]:
        """The names of the columns that identify nobody, in their order."""
        read = {column.position for column in self.naming}
        return [name for position, name in enumerate(self.names) if position not in read]

    def place_of(self, name: str) -> int | None:
        """The position of a column by name, whatever its case, accents, spaces, hyphens and underscores."""
        squeezed = _squeezed(name)
        return next((place for place, each in enumerate(self.names) if _squeezed(each) == squeezed), None)

    def column(self, field: IdentifierField, system: str = "") -> IdentifierColumn | None:
        """The column of an identifier; None when there is none."""
        return next((one for one in self.naming if (one.field, one.system) == (field, system)), None)

    def beginning_with(self, column: IdentifierColumn | None) -> "Header":
        """The same header with this column as the strongest; None: unchanged."""
        if column is None:
            return self
        return Header(self.names, (column, *(one for one in self.naming if one != column)))


@dataclass(frozen=True, slots=True)
class UnusableAudience:
    """An audience that cannot be read at all; `reason` names the cure."""

    reason: str


def read_header(fields: Sequence[str]) -> Header | UnusableAudience:
    """The header from the parsed first row; a byte order mark before the first name is ignored."""
    names = tuple(name.removeprefix(BOM).strip() for name in fields)
    for name in names:
        if (meant := _misspelled(name)) is not None:
            return UnusableAudience(
                f"the column {name!r} is nearly {meant!r} and would not be read: "
                "correct its name, or give it another one if it names nobody"
            )
    naming = sorted(_naming(names), key=lambda column: (STRENGTH.index(column.field), column.system))
    if not naming:
        return UnusableAudience(_without_names(names))
    seen: dict[tuple[str, str], IdentifierColumn] = {}
    for column in naming:
        other = seen.setdefault((column.field, column.system), column)
        if other is not column:
            first, second = sorted((names[other.position], names[column.position]))
            return UnusableAudience(
                f"the header names {_column_name(column)} twice, {first!r} and {second!r}: "
                "rename the one that is not meant"
            )
    return Header(names, tuple(naming))


def count_naming(fields: Sequence[str]) -> int:
    """How many columns of a first row, parsed in one way, would identify people."""
    return sum(1 for _ in _naming([name.removeprefix(BOM).strip() for name in fields]))


def _naming(names: Sequence[str]) -> Iterator[IdentifierColumn]:
    for position, name in enumerate(names):
        lowered = name.lower()
        system = lowered.removeprefix(_EXTERNAL).strip() if lowered.startswith(_EXTERNAL) else ""
        if system and not _IN_NO_SYSTEM.intersection(system):
            yield IdentifierColumn(position, "external", system)
        elif known := _KNOWN_AS_WRITTEN.get(_squeezed(name)):
            yield IdentifierColumn(position, *known)


def _squeezed(name: str) -> str:
    plain = name if name.isascii() else _without_accents(name)
    return plain.lower().replace(" ", "").replace("_", "").replace("-", "")


def _without_accents(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))


def _misspelled(name: str) -> str | None:
    """The known name that a column misspells; None: it misspells none. `phone2` and the like are names of their own."""
    squeezed = _squeezed(name)
    if squeezed in _KNOWN_AS_WRITTEN:
        return None
    prefix, dot, system = squeezed.partition(".")
    if dot:
        return f"{_EXTERNAL}{system}" if nearest_by_one_letter(prefix, (_EXTERNAL[:-1],)) else None
    meant = nearest_by_one_letter(squeezed, _KNOWN) if squeezed.isalpha() else None
    return None if meant is None else _WRITTEN.get(meant, meant)


def _without_names(names: Sequence[str]) -> str:
    """Why no column identifies people. Repeats no name: without a header the first row is a person."""
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return "the header is one column: separate columns by commas"
    return f"no column of the header names a person: the first row must name one of {_NAMES}"


def _column_name(column: IdentifierColumn) -> str:
    return f"{_EXTERNAL}{column.system}" if column.system else column.field


def nearest_by_one_letter(name: str, known: Iterable[str]) -> str | None:
    """The first of `known` that differs from `name` by one letter: added, missing, another, or two swapped."""
    return next((each for each in known if name != each and _differ_by_one(name, each)), None)


def _differ_by_one(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    if len(a) != len(b):
        return a[1:] == b or a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


_is_contact_id = re.compile(CONTACT_ID_PATTERN).fullmatch
_KINDS: dict[str, Kind] = {"voter_id": "voter", "external": "external", "email": "email", "phone": "phone"}


def hashes_of(header: Header, fields: Sequence[str], hasher: Hasher) -> list[str]:
    """Hashes of the row's identifiers, strongest first, each under every key; blank and unreadable ones are left out.

    `fields` has the header's width. A `contact_id` is used as it is.
    """
    found: list[str] = []
    for column in header.naming:
        if value := fields[column.position].strip():
            found += _hashes(column, value, hasher)
    return found


def identifiers_of(
    header: Header, fields: Sequence[str], hasher: Hasher, *, loosely: bool = False
) -> list[tuple[IdentifierColumn, list[str]]]:
    """Each identifier of a row that is not blank, strongest first, with its hashes under every key.

    One that cannot be read has none. `loosely`: a phone cell of several numbers is read as the first of them.
    """
    values = [(column, fields[column.position].strip()) for column in header.naming]
    return [(column, _hashes(column, value, hasher, loosely=loosely)) for column, value in values if value]


def strongest_of(header: Header, fields: Sequence[str], hasher: Hasher) -> tuple[IdentifierColumn, str, str] | None:
    """The strongest readable identifier of a row: its column, value and hash. None: the row identifies nobody.

    The hash is that under the writing key; a `contact_id` is its own.
    """
    for column in header.naming:
        value = fields[column.position].strip()
        if value and (hashes := _hashes(column, value, hasher)):
            return column, value, hashes[0]
    return None


def _hashes(column: IdentifierColumn, value: str, hasher: Hasher, *, loosely: bool = False) -> list[str]:
    if column.field == "contact_id":
        return [value] if _is_contact_id(value) else []
    if not _is_text(value) or (column.field == "phone" and not loosely and not is_one_phone(value)):
        return []
    text = f"{column.system}:{value}" if column.field == "external" else value
    return hasher.lookups(_KINDS[column.field], text)


def _is_text(value: str) -> bool:
    """Whether the value was UTF-8: surrogates stand for bytes that were not."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
