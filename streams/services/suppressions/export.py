"""Files of closed people for senders' tools: which rows are written, by whose identifier, and in which vendor's layout.

A contact_id tells no address, so a vendor's file is made of the sender's own rows: those of its people who are closed,
by the identifier under which the vendor knows them, and no column besides that it does not need. No address leaves the
process but in these rows. Cells that name nobody are harmless in a spreadsheet; identifiers stay as they were written.

- NGP VAN and EveryAction: a bulk upload begins with the VANID, never blank, and the columns behind it are mapped by
  hand to an activist code or a result of the committee, since those codes are the committee's own.
- Action Network: an upload with "unsubscribe activists who match" ticked takes an address, a mobile number or, as
  "Upload by Unique ID", its own id. It sends e-mail and text messages only.

Without the sender's rows a contact_id stands where the vendor's identifier would.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from events.identifiers import Hasher, is_identity_hash
from events.interactions.base import Channel
from events.times import render_time
from streams.domain.display_names import counted
from streams.services.audience import Audience, Header, UnusableAudience, identifiers_of
from streams.services.audience.csv_writing import harmless_cell
from streams.services.audience.header import IdentifierColumn, IdentifierField
from streams.services.suppressions import Format
from streams.services.suppressions.closings import Closing

Row = Sequence[str]
_DATE = len("2012-02-22")
_ADDED = ("harmonia_channel", "harmonia_reason", "harmonia_since", "harmonia_until")
_REACHED_BY_ACTION_NETWORK: dict[Channel, tuple[IdentifierField, str]] = {
    "email": ("email", "Email"),
    "text": ("phone", "Mobile Number"),
}


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A file: its first row, and `of`, which makes the row of a person; None for one whom it cannot identify.

    `mark` parts its columns: as those of the sender's own rows, and by commas where a vendor says what a file is.
    """

    first: Row
    of: Callable[[Row, Closing | None], Row | None]
    mark: str = ","


def layout_of(format_: Format, channel: Channel, audience: Audience | None = None) -> FileLayout | UnusableAudience:
    """The layout of a file. Without an audience each input row is `[contact_id]`."""
    header = None if audience is None else audience.header
    if format_ == "van":
        return _van(header, channel)
    if format_ == "actionnetwork":
        return _actionnetwork(header, channel)
    return _plain(channel) if audience is None else _own_rows(audience, channel)


def _plain(channel: Channel) -> FileLayout:
    def row(fields: Row, closing: Closing | None) -> Row:
        return [*fields, channel, *_why(closing)]

    return FileLayout(["contact_id", "channel", "reason", "since", "until"], row)


def _own_rows(audience: Audience, channel: Channel) -> FileLayout:
    names = audience.names_as_written
    kept = [position for position, name in enumerate(names) if name not in _ADDED]  # not an earlier export's

    def row(fields: Row, closing: Closing | None) -> Row:
        return [*(fields[position] for position in kept), channel, *_why(closing)]

    return FileLayout([*(harmless_cell(names[position]) for position in kept), *_ADDED], row, audience.mark)


def _van(header: Header | None, channel: Channel) -> FileLayout | UnusableAudience:
    column = IdentifierColumn(0, "contact_id") if header is None else header.column("external", "van")
    if column is None:
        return UnusableAudience("for van the audience needs a column VANID, or external.van")

    def row(fields: Row, closing: Closing | None) -> Row | None:
        date = "" if closing is None else render_time(closing.since)[:_DATE]
        reason = "" if closing is None else closing.reason
        return [name, date, channel, reason] if (name := fields[column.position].strip()) else None

    return FileLayout(["VANID" if header else "contact_id", "Date Contacted", "Channel", "Reason"], row)


def _actionnetwork(header: Header | None, channel: Channel) -> FileLayout | UnusableAudience:
    """Action Network: by its own id where the audience has that, so that no address need travel."""
    if channel not in _REACHED_BY_ACTION_NETWORK:
        return UnusableAudience("Action Network sends e-mail and text messages: give --channel email or text")
    field, name = _REACHED_BY_ACTION_NETWORK[channel]
    if header is None:
        return FileLayout(["contact_id"], lambda fields, _: fields)
    own = header.column("external", "actionnetwork")
    column = own or header.column(field)
    if column is None:
        return UnusableAudience(f"for actionnetwork the audience needs a column {field}, or external.actionnetwork")

    def row(fields: Row, closing: Closing | None) -> Row | None:
        return [named] if (named := fields[column.position].strip()) else None

    return FileLayout(["Action Network ID" if own else name], row)


def _why(closing: Closing | None) -> list[str]:
    if closing is None:
        return ["", "", ""]
    until = "" if closing.until is None else render_time(closing.until)
    return [closing.reason, render_time(closing.since), until]


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
    """Matches the rows of an audience. `find`: the closing of a person by hashes; `tally`: whole once all are read.

    A phone cell of several numbers is read as the first of them: whoever is closed has to be found.
    """

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
            fields = record.fields(audience.header.width)
            if fields is None:
                self.tally.malformed.append(record.line)
            else:
                yield fields

    def _row(self, audience: Audience, fields: Row) -> Row | None:
        read = identifiers_of(audience.header, fields, self.hasher, loosely=True)
        names = [each for _, hashes in read for each in hashes]
        if not names:
            self.tally.nameless += 1
            return None
        closing = self.find(names)
        if not self.wanted.takes(closing):
            return None
        named = {column.position for column, hashes in identifiers_of(audience.header, fields, self.hasher) if hashes}
        cells = [each if place in named else harmless_cell(each) for place, each in enumerate(fields)]
        row = self.layout.of(cells, closing)
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
