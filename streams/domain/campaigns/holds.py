"""Records of `campaign-holds`: which campaigns are on hold until when, and until when reservations may last.

Who reserved whom is in Redis alone. A flush forgets it, and then nobody can tell whom another team is about to reach.
How long that is so is known from the marks in this topic. Their times are rounded up, so that few records say it, and
their keys come round again.
"""

from collections.abc import MutableMapping

import msgspec
import orjson

from events.json_types import UNREADABLE
from events.outputs import CampaignHold
from events.times import parse_time, render_time

SLOT_MS = 300_000
_SLOTS = 1024
"""Some three days of them; a reservation is for one day at most."""
_KEY = b"\xffreservations:"
"""Is no text, so it is no campaign's."""


class _StoredMark(msgspec.Struct):
    reserved_until: str


_read_stored_mark = msgspec.json.Decoder(_StoredMark).decode


def round_up_to_slot(until: int) -> int:
    """A time (ms) rounded up to the end of its slot of `SLOT_MS`."""
    return -(-until // SLOT_MS) * SLOT_MS


def reservation_mark_record(until: int) -> tuple[bytes, bytes]:
    """Key and value of the record that reservations may last until `until`, ms; a rounded time."""
    slot = until // SLOT_MS % _SLOTS
    return _KEY + str(slot).encode(), orjson.dumps({"reserved_until": render_time(until)})


def is_reservation_mark(key: bytes) -> bool:
    """Whether the key of a record of `campaign-holds` is that of a mark of reservations, not of a campaign."""
    return key.startswith(_KEY)


def read_reservation_mark(key: bytes | None, value: bytes | None) -> int:
    """Until when (ms) reservations may last by a record of `campaign-holds`; 0 where it does not say."""
    if key is None or value is None or not is_reservation_mark(key):
        return 0
    try:
        return parse_time(_read_stored_mark(value).reserved_until) or 0
    except UNREADABLE:
        return 0


class _StoredHold(msgspec.Struct):
    until: str | None = None


_read_hold = msgspec.json.Decoder(_StoredHold).decode


def hold_record(campaign_id: str, until: int | None, by: str, at: int) -> tuple[bytes, bytes]:
    """Key and value of the record that holds a campaign. `until`: ms, None for ever; `by`: who decided; `at`: ms."""
    said: CampaignHold = {
        "campaign_id": campaign_id,
        "until": None if until is None else render_time(until),
        "by": by,
        "at": render_time(at),
    }
    return campaign_id.encode(), orjson.dumps(said)


def lift_record(campaign_id: str) -> tuple[bytes, None]:
    """Key and value of the record that ends a hold at once."""
    return campaign_id.encode(), None


def read_hold_record(key: bytes | None, value: bytes | None, holds: MutableMapping[str, int | None]) -> None:
    """Apply a record of `campaign-holds` to `holds`, which maps campaigns to the end of their hold (ms).

    An unreadable record holds its campaign for ever, since somebody wanted to hold it. Marks of reservations and
    records without a campaign are ignored.
    """
    if not key or is_reservation_mark(key):
        return
    campaign_id = key.decode(errors="replace")
    if value is None:
        holds.pop(campaign_id, None)
    else:
        holds[campaign_id] = _until(value)


def _until(value: bytes) -> int | None:
    try:
        until = _read_hold(value).until
    except UNREADABLE:
        return None
    return None if until is None else parse_time(until)
