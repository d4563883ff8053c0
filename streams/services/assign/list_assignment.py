"""Assigns a whole list: writes every row with its variant appended, in the order of the list, and counts them.

Rows are written once their events have been acknowledged, so whatever was written was published too.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

import numpy as np

from events.experiments import ExperimentDefinition
from streams.domain.experiments.assignment import VariantAssigner
from streams.services.assign.list_units import COLUMN, Unit, UnitProblem, UnitReader
from streams.services.audience import Audience, CsvRecord
from streams.services.audience.csv_records import malformed_with_columns, quoted, with_columns

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
        out.write(with_columns(self._audience.raw_header, (COLUMN,)))
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
                return malformed_with_columns(record.raw, self._audience.header.width, ("",))
            return with_columns(record.raw, ("",))
        variant = self._assigning.variant_of(unit.text, unit.stratum)
        if variant is None:
            self.summary.excluded += 1
            return with_columns(record.raw, ("",))
        self.summary.variants[variant] += 1
        self._split.add(unit, variant)
        given.append(AssignedUnit(unit, variant))
        return with_columns(record.raw, (_quoted(variant),))


def _quoted(variant: str) -> str:
    return variant if variant.isalnum() else quoted([variant]).decode()


def _chunks(records: Iterable[CsvRecord]) -> Iterator[Sequence[CsvRecord]]:
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
