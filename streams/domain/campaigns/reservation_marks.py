"""Until when reservations were given out, in `campaign-holds`: what a flush of Redis must not take along.

Who reserved whom is in Redis alone. A flush forgets it, and then nobody can tell whom another team is about to reach.
How long that is so is known from here. Times are rounded up, so that few records say it, and keys come round again.
"""

import msgspec
import orjson

from events.times import parse_time, render_time

SLOT_MS = 300_000
_SLOTS = 1024
"""Some three days of them; a reservation is for one day at most."""
_KEY = b"\xffreservations:"
"""Is no text, so it is no campaign's."""


class _Said(msgspec.Struct):
    reserved_until: str


_read = msgspec.json.Decoder(_Said).decode


def rounded(until: int) -> int:
    """The end of the slot that a time is in, ms."""
    return -(-until // SLOT_MS) * SLOT_MS


def mark_record(until: int) -> tuple[bytes, bytes]:
    """Key and value that say that reservations may last until then, ms; a rounded time."""
    slot = until // SLOT_MS % _SLOTS
    return _KEY + str(slot).encode(), orjson.dumps({"reserved_until": render_time(until)})


def is_mark(key: bytes) -> bool:
    """Whether a record of `campaign-holds` is about reservations, and not about a campaign."""
    return key.startswith(_KEY)


def read_mark(key: bytes | None, value: bytes | None) -> int:
    """Until when reservations may last by a record, ms; 0 where it does not say."""
    if key is None or value is None or not is_mark(key):
        return 0
    try:
        return parse_time(_read(value).reserved_until) or 0
    except msgspec.MsgspecError:
        return 0
