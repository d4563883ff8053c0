"""Layouts of the files that senders upload, by vendor, and the identifier by which each vendor matches people.

A contact_id tells no address, so a vendor's file is made of the sender's own rows: those of its people who are closed,
by the identifier under which the vendor knows them, and no column besides that it does not need.

- NGP VAN and EveryAction: a bulk upload begins with the VANID, never blank, and the columns behind it are mapped by
  hand to an activist code or a result of the committee, since those codes are the committee's own.
- Action Network: an upload with "unsubscribe activists who match" ticked takes an address, a mobile number or, as
  "Upload by Unique ID", its own id. It sends e-mail and text messages only.

Without the sender's rows a contact_id stands where the vendor's identifier would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.interactions.base import Channel
from events.times import render_time
from streams.services.audience import Header, UnusableAudience
from streams.services.audience.header import IdentifierColumn, IdentifierField
from streams.services.suppressions.closings import Closing
from streams.services.suppressions.uploads import Format

Row = Sequence[str]
_DATE = len("2012-02-22")
_ADDED = ("harmonia_channel", "harmonia_reason", "harmonia_since", "harmonia_until")
_REACHED_BY_ACTION_NETWORK: dict[Channel, tuple[IdentifierField, str]] = {
    "email": ("email", "Email"),
    "text": ("phone", "Mobile Number"),
}


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A file: its first row, and `of`, which makes the row of a person; None for one whom it cannot identify."""

    first: Row
    of: Callable[[Row, Closing | None], Row | None]


def layout_of(format_: Format, channel: Channel, header: Header | None = None) -> FileLayout | UnusableAudience:
    """The layout of a file. Without the header of an audience each input row is `[contact_id]`."""
    if format_ == "van":
        return _van(header, channel)
    if format_ == "actionnetwork":
        return _actionnetwork(header, channel)
    return _plain(channel) if header is None else _own_rows(header, channel)


def _plain(channel: Channel) -> FileLayout:
    def row(fields: Row, closing: Closing | None) -> Row:
        return [*fields, channel, *_why(closing)]

    return FileLayout(["contact_id", "channel", "reason", "since", "until"], row)


def _own_rows(header: Header, channel: Channel) -> FileLayout:
    kept = [position for position, name in enumerate(header.names) if name not in _ADDED]  # not an earlier export's

    def row(fields: Row, closing: Closing | None) -> Row:
        return [*(fields[position] for position in kept), channel, *_why(closing)]

    return FileLayout([*(header.names[position] for position in kept), *_ADDED], row)


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
