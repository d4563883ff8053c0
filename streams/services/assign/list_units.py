"""Reads what an assignment needs of a row: the person, the unit that is assigned as a whole, and the stratum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import ValidationError

from events.contact import Contact
from events.experiments import ExperimentDefinition
from events.fields import MAX_TEXT
from events.identifiers import Hasher
from events.json_types import JSON
from streams.services.audience import CsvRecord, Header, UnusableAudience, fields_of, strongest_of

UnitProblem: TypeAlias = Literal["malformed_row", "malformed_identifier", "no_identifier", "no_household", "no_turf"]
"""Why a row gets no variant."""

COLUMN = "variant"
"""The column that is appended to each row."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of one row. `text`: what is hashed. `person`: the identifier of the person, an address as its hash.

    `contact`: only that identifier, as a producer writes it: an assignment is no evidence that a row's identifiers
    belong to one person. `cluster`: the household or turf; None where each person is a unit.
    """

    text: str
    person: str
    contact: dict[str, JSON]
    cluster: str | None
    stratum: str


class UnitReader:
    """Reads the units of rows for one experiment."""

    def __init__(self, header: Header, definition: ExperimentDefinition, hasher: Hasher) -> None:
        self._header = header
        self._hasher = hasher
        self._without: UnitProblem = "no_turf" if definition.unit == "turf" else "no_household"
        self._cluster = None if definition.unit == "contact" else header.place_of(definition.unit)
        strata = definition.strata
        self._stratum = None if strata is None else header.place_of(strata.column)

    def read(self, record: CsvRecord) -> Unit | UnitProblem:
        """The unit of a row, or why it has none."""
        fields = None if record.broken else fields_of(record.raw, self._header.width)
        if fields is None:
            return "malformed_row"
        named = strongest_of(self._header, fields, self._hasher)
        if named is None:
            return self._unnamed(fields)
        column, value, person = named
        contact: dict[str, JSON] = {"external": {column.system: value}} if column.system else {column.field: value}
        if not _would_be_taken(contact):
            return "malformed_identifier"
        stratum = "" if self._stratum is None else fields[self._stratum].strip()
        if self._cluster is None:
            return Unit(person, person, contact, None, stratum)
        cluster = fields[self._cluster].strip()
        if not 1 <= len(cluster) <= MAX_TEXT or not _is_text(cluster):
            return self._without
        return Unit(cluster, person, contact, cluster, stratum)

    def _unnamed(self, fields: Sequence[str]) -> UnitProblem:
        """Whether a row has no identifier, or one that is malformed, such as a contact_id with a space in it."""
        is_said = any(fields[column.position].strip() for column in self._header.naming)
        return "malformed_identifier" if is_said else "no_identifier"


def missing_column(header: Header, definition: ExperimentDefinition) -> UnusableAudience | None:
    """Which column an experiment needs and the list lacks, or has and must not; None: the list can be assigned."""
    if header.place_of(COLUMN) is not None:
        return UnusableAudience(
            f"the list has a column {COLUMN}: it was assigned before; give the list that it came from"
        )
    if definition.unit != "contact" and header.place_of(definition.unit) is None:
        return UnusableAudience(
            f"{definition.id} assigns by {definition.unit}: give a column {definition.unit} with its ids"
        )
    strata = definition.strata
    if strata is not None and header.place_of(strata.column) is None:
        return UnusableAudience(
            f"the strata of {definition.id} are told apart by {strata.column}: give a column of that name"
        )
    return None


def is_assigned_by_hashes(header: Header, definition: ExperimentDefinition) -> bool:
    """Whether variants may depend on the identity key: a person's do, unless each is named by contact_id alone."""
    return definition.unit == "contact" and any(column.field != "contact_id" for column in header.naming)


def _would_be_taken(contact: dict[str, JSON]) -> bool:
    """Whether an interaction may name somebody so."""
    try:
        Contact.model_validate(contact)
    except ValidationError:
        return False
    return True


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
