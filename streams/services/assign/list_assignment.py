"""Assigns a whole list: reads the unit of each row, and writes every row with its variant appended, in order.

Rows are written once their events have been acknowledged, so whatever was written was published too.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import ValidationError

from events.contact import Contact
from events.experiments import ExperimentDefinition
from events.fields import MAX_TEXT
from events.identifiers import Hasher
from events.json_types import JSON
from streams.domain.experiments.assignment import VariantAssigner
from streams.services.audience import Audience, CsvRecord, Header, UnusableAudience, strongest_of

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
        fields = record.fields(self._header.width)
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


_ARM_BITS = 6
"""There are 33 variants at most, the holdout included."""
_HASH = (1 << (64 - _ARM_BITS)) - 1


class SplitUnits(NamedTuple):
    """Households or turfs of the experiment, `units`, and how many of them are in `several` variants."""

    several: int
    units: int


class SplitUnitCounter:
    """Counts households or turfs whose people got different variants, being in strata that are split differently.

    Keeps eight bytes a row and never an id: 40 MB at most for a million rows; nothing where people are the units or all
    strata are split alike. Of a million households two are mistaken for one in two of a million lists.
    """

    def __init__(self, definition: ExperimentDefinition) -> None:
        strata = definition.strata
        self._may_split = definition.unit != "contact" and strata is not None and bool(strata.splits)
        self._arms = {arm: number for number, arm in enumerate(definition.arms)}
        self._seen = array("Q")

    def add(self, unit: Unit, variant: str) -> None:
        """Take a row and its variant."""
        if self._may_split:
            self._seen.append((hash(unit.text) & _HASH) << _ARM_BITS | self._arms[variant])

    def split_units(self) -> SplitUnits | None:
        """How many units are split; None where none can be."""
        if not self._may_split:
            return None
        pairs = np.unique(np.frombuffer(self._seen, np.uint64))
        _, variants = np.unique(pairs >> np.uint64(_ARM_BITS), return_counts=True)
        return SplitUnits(int(np.count_nonzero(variants > 1)), len(variants))


CHUNK = 5_000
"""Rows whose events are under way at once."""


class AssignedUnit(NamedTuple):
    """A row in the experiment, and its variant."""

    unit: Unit
    variant: str


Publish = Callable[[Sequence[AssignedUnit]], object]
"""Publishes these assignments; returns once they are acknowledged."""

Progress = Callable[[int, int], object]
"""Is called with the rows, and their bytes, that are done."""


@dataclass(slots=True)
class AssignmentSummary:
    """Counts of a list. `excluded`: rows outside the experiment's slice; `troubles`: rows without a variant, by why."""

    rows: int = 0
    variants: Counter[str] = field(default_factory=Counter)
    excluded: int = 0
    troubles: Counter[UnitProblem] = field(default_factory=Counter)


class Assignments:
    """Assigns the rows of one list; `summary` counts them."""

    def __init__(
        self, audience: Audience, reader: UnitReader, assigning: VariantAssigner, split: SplitUnitCounter
    ) -> None:
        self._audience = audience
        self._reader = reader
        self._assigning = assigning
        self._split = split
        self._chunks = _chunks(audience.records())
        self._ahead: Sequence[CsvRecord] = ()
        self.summary = AssignmentSummary()

    def has_rows(self) -> bool:
        """Whether the list has any row. Reads the first ones; `write` writes them too."""
        self._ahead = self._ahead or next(self._chunks, ())
        return bool(self._ahead)

    def write(self, out: BinaryIO, publish: Publish, progress: Progress) -> None:
        """Write every row with its variant appended; empty where it has none."""
        out.write(self._audience.header_with((COLUMN,)))
        for chunk in chain([self._ahead] if self._ahead else [], self._chunks):
            given: list[AssignedUnit] = []
            rows = [self._row(record, given) for record in chunk]
            if given:
                publish(given)
            out.writelines(rows)
            self.summary.rows += len(chunk)
            progress(len(chunk), sum(len(record.raw) for record in chunk))

    def _row(self, record: CsvRecord, given: list[AssignedUnit]) -> bytes:
        unit = self._reader.read(record)
        if not isinstance(unit, Unit):
            self.summary.troubles[unit] += 1
            if unit == "malformed_row":
                return record.malformed_with_columns(self._audience.header.width, ("",))
            return record.with_columns(("",))
        variant = self._assigning.variant_of(unit.text, unit.stratum)
        if variant is None:
            self.summary.excluded += 1
            return record.with_columns(("",))
        self.summary.variants[variant] += 1
        self._split.add(unit, variant)
        given.append(AssignedUnit(unit, variant))
        return record.with_columns((variant,))


def _chunks(records: Iterable[CsvRecord]) -> Iterator[Sequence[CsvRecord]]:
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
