"""A whole list: every row with its variant behind it, in the order of the list, and what became of all of them.

Rows are written once what is said of them has been acknowledged, so what was written was told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from streams.domain.experiments.assignment import VariantAssigner
from streams.services.assign.list_units import COLUMN, Reader, Trouble, Unit
from streams.services.assign.split_units import Together
from streams.services.audience import Audience, Record
from streams.services.audience.appended_fields import malformed_with_columns, quoted, with_columns

CHUNK = 5_000
"""Rows that are under way at once."""


class Given(NamedTuple):
    """A unit that is in the experiment, and its variant."""

    unit: Unit
    variant: str


Tell = Callable[[Sequence[Given]], object]
"""Says of these what they were given; returns once that is acknowledged."""

Told = Callable[[int, int], object]
"""Hears how many rows, of how many bytes, are done."""


@dataclass(slots=True)
class Summary:
    """`excluded`: rows outside the slice of the experiment; `troubles`: rows to which nothing was assigned, by why."""

    rows: int = 0
    variants: Counter[str] = field(default_factory=Counter)
    excluded: int = 0
    troubles: Counter[Trouble] = field(default_factory=Counter)


class Assignments:
    """Assigns the rows of one list."""

    def __init__(self, audience: Audience, reader: Reader, assigning: VariantAssigner, together: Together) -> None:
        self._audience = audience
        self._reader = reader
        self._assigning = assigning
        self._together = together
        self._chunks = _chunks(audience.records())
        self._ahead: Sequence[Record] = ()
        self.summary = Summary()

    def has_rows(self) -> bool:
        """Whether there is any; reads as far as that, and `write` writes what was read."""
        self._ahead = self._ahead or next(self._chunks, ())
        return bool(self._ahead)

    def write(self, out: BinaryIO, tell: Tell, told: Told) -> None:
        """Write every row with its variant behind it; empty where it has none."""
        out.write(with_columns(self._audience.raw_header, (COLUMN,)))
        for chunk in chain([self._ahead] if self._ahead else [], self._chunks):
            given: list[Given] = []
            rows = [self._row(record, given) for record in chunk]
            if given:
                tell(given)
            out.writelines(rows)
            self.summary.rows += len(chunk)
            told(len(chunk), sum(len(record.raw) for record in chunk))

    def _row(self, record: Record, given: list[Given]) -> bytes:
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
        self._together.hear(unit, variant)
        given.append(Given(unit, variant))
        return with_columns(record.raw, (_quoted(variant),))


def _quoted(variant: str) -> str:
    return variant if variant.isalnum() else quoted([variant]).decode()


def _chunks(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    rest = iter(records)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
