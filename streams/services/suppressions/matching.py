"""Finds the rows of a sender's audience whose people are closed, or open again; no address leaves the process."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from events.identifiers import Hasher, is_identity_hash
from streams.domain.display_names import counted
from streams.services.audience import Audience, fields_of, hashes_of
from streams.services.suppressions.closings import Closing
from streams.services.suppressions.formats import FileLayout, Row

FindClosing = Callable[[Sequence[str]], Closing | None]


@dataclass(slots=True)
class ExportCounts:
    """Counts of an export: of an audience's rows, or of all contacts with a closing.

    `nameless`: rows without an identifier; `untold`: people who belong in the file but lack the identifier it needs.
    `hashed`: rows whose contact_id is a hash. `malformed`: line numbers.
    """

    read: int = 0
    written: int = 0
    nameless: int = 0
    untold: int = 0
    hashed: int = 0
    malformed: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClosingFilter:
    """Whom to export at `at`, ms. `since`: only people closed then or later; `reopened`: people who are open."""

    at: int
    since: int | None = None
    reopened: bool = False

    def takes(self, closing: Closing | None) -> bool:
        """Whether a person with this closing, or none, belongs in the file."""
        if closing is None or closing.is_over(self.at):
            return self.reopened
        return not self.reopened and (self.since is None or closing.since >= self.since)


@dataclass(frozen=True, slots=True)
class ListMatching:
    """Matches the rows of an audience. `find`: the closing of a person by hashes; `tally`: whole once all are read."""

    hasher: Hasher
    find: FindClosing
    layout: FileLayout
    wanted: ClosingFilter
    tally: ExportCounts = field(default_factory=ExportCounts)

    def rows(self, audience: Audience) -> Iterator[Row]:
        """The rows of the file, one for each person who belongs in it."""
        for fields in self._well_formed(audience):
            if (row := self._row(audience, fields)) is not None:
                yield row

    def _well_formed(self, audience: Audience) -> Iterator[Row]:
        for record in audience.records():
            self.tally.read += 1
            fields = None if record.broken else fields_of(record.raw, audience.header.width)
            if fields is None:
                self.tally.malformed.append(record.line)
            else:
                yield fields

    def _row(self, audience: Audience, fields: Row) -> Row | None:
        hashes = hashes_of(audience.header, fields, self.hasher)
        if not hashes:
            self.tally.nameless += 1
            return None
        closing = self.find(hashes)
        if not self.wanted.takes(closing):
            return None
        row = self.layout.of(fields, closing)
        if row is None:
            self.tally.untold += 1
        else:
            self.tally.written += 1
        return row


def rows_of_all(
    every: Iterable[tuple[str, Closing]], layout: FileLayout, wanted: ClosingFilter, tally: ExportCounts
) -> Iterator[Row]:
    """The rows of a file of all contacts that are closed, by contact_id."""
    for contact_id, closing in every:
        tally.read += 1
        if wanted.takes(closing) and (row := layout.of([contact_id], closing)) is not None:
            tally.written += 1
            tally.hashed += is_identity_hash(contact_id)
            yield row


_NAMED = 10


def export_warnings(tally: ExportCounts, *, for_vendor: bool) -> Iterator[str]:
    """Lines on why a closed person may be missing from the file. Rows are named by line, never by content.

    `for_vendor`: the file is by contact_id, in a vendor's format.
    """
    if for_vendor and tally.hashed:
        yield (
            f"{tally.hashed:,} of {counted(tally.written, 'row', 'rows')} {'names' if tally.hashed == 1 else 'name'} "
            "a person by a keyed hash, which no vendor knows: give your own list as --match"
        )
    if tally.malformed:
        malformed = counted(len(tally.malformed), "malformed row is", "malformed rows are")
        yield f"--match: {malformed} left out: {_lines(tally.malformed)}"


def export_notices(tally: ExportCounts) -> Iterator[str]:
    """Lines on what was left out as it should be, and the count."""
    if tally.nameless:
        yield f"{counted(tally.nameless, 'row has', 'rows have')} no identifier that can be read"
    if tally.untold:
        untold = counted(tally.untold, "person is", "people are")
        yield f"{untold} left out, for your list has no id of the vendor's for them"
    yield f"{tally.written:,} of {tally.read:,} written"


def _lines(numbers: list[int]) -> str:
    more = ", …" if len(numbers) > _NAMED else ""
    return f"line {', '.join(map(str, numbers[:_NAMED]))}{more}"
