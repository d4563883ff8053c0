"""Makes rows of changes: a profile's columns, and JSON that PostgreSQL takes.

Its jsonb takes no NUL character, which JSON may have: U+FFFD stands in its place. What is no JSON is kept as bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from events.json_types import UNREADABLE
from sinks.base import ContactChange

NUL = b"\\u0000"
INSTEAD = "\N{REPLACEMENT CHARACTER}"


class RecordChange(Struct, frozen=True, gc=False):
    """One record of a topic other than those of contacts: the newest value of its key as JSON; None deletes it."""

    key: str
    value: bytes | None = None


Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Email(Struct):
    subscribed: bool | None = None
    status: str | None = None
    last_opened_at: datetime | None = None
    last_clicked_at: datetime | None = None


class _Donations(Struct):
    count: Count | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None


class _Canvass(Struct):
    attempts: Count | None = None
    contacts: Count | None = None
    last_at: datetime | None = None
    support: Count | None = None


class _Zones(Struct):
    time_zone: str | None = None
    region: str | None = None
    postal_code: str | None = None


class _Profile(Struct):
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    email: _Email = msgspec.field(default_factory=_Email)
    donations: _Donations = msgspec.field(default_factory=_Donations)
    canvass: _Canvass = msgspec.field(default_factory=_Canvass)
    zones: _Zones = msgspec.field(default_factory=_Zones)


_read_profile = msgspec.json.Decoder(_Profile).decode
_NOTHING = _Profile()


class StoredJson(NamedTuple):
    """A value as it is stored: as JSON text, or as bytes where PostgreSQL takes it as no JSON; neither of none."""

    text: str | None
    unreadable: bytes | None


NO_JSON = StoredJson(None, None)

ContactRow = tuple[object, ...]
"""The columns of `contact_records`, in the order of `write_contacts`."""


def stored_json(value: bytes) -> StoredJson:
    """A value as it is stored."""
    try:
        if NUL in value:
            value = orjson.dumps(_without_nul(orjson.loads(value)))
        return StoredJson(value.decode(), None) if value else StoredJson(None, value)
    except (ValueError, RecursionError):
        return StoredJson(None, value)


def contact_row(change: ContactChange, *, is_refused: bool = False) -> ContactRow:
    """The row of a contact, or the mark of one that was absorbed or erased; `is_refused`: its JSON was not taken."""
    value, profile = NO_JSON, _NOTHING
    if change.profile is not None:
        value = StoredJson(None, change.profile) if is_refused else stored_json(change.profile)
        if value.text is not None:
            profile, value = _columns_of(value)
    merged_into = change.merged_into if change.profile is None else None
    email, donations, canvass, zones = profile.email, profile.donations, profile.canvass, profile.zones
    return (
        change.contact_id,
        str(change.version),
        merged_into,
        value.text,
        value.unreadable,
        profile.first_seen,
        profile.last_seen,
        email.subscribed,
        email.status,
        email.last_opened_at,
        email.last_clicked_at,
        donations.count,
        donations.first_at,
        donations.last_at,
        canvass.attempts,
        canvass.contacts,
        canvass.last_at,
        canvass.support,
        zones.time_zone,
        zones.region,
        zones.postal_code,
    )


CONTACT_COLUMNS = 21


def as_columns(rows: Sequence[Sequence[object]], width: int) -> list[Sequence[object]]:
    """The same by column, for `unnest`."""
    return [*zip(*rows, strict=True)] if rows else [()] * width


def newest_records(changes: Iterable[RecordChange]) -> list[RecordChange]:
    """The last change of each key."""
    return [*{change.key: change for change in changes}.values()]


def _columns_of(value: StoredJson) -> tuple[_Profile, StoredJson]:
    """The columns of a profile: none of one that is JSON, but no profile."""
    raw = (value.text or "").encode()
    try:
        return _read_profile(raw), value
    except msgspec.ValidationError:
        return _NOTHING, value
    except UNREADABLE:
        return _NOTHING, StoredJson(None, raw)


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", INSTEAD)
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {key.replace("\0", INSTEAD): _without_nul(each) for key, each in value.items()}
    return value
