"""What `campaign-holds` says of campaigns: one is on hold until a time, or for ever, or not any more."""

from collections.abc import MutableMapping

import msgspec
import orjson

from events.outputs import CampaignHold
from events.times import parse_time, render_time
from streams.domain.campaigns.reservation_marks import is_mark


class _Said(msgspec.Struct):
    until: str | None = None


_read = msgspec.json.Decoder(_Said).decode


def hold_record(campaign_id: str, until: int | None, by: str, at: int) -> tuple[bytes, bytes]:
    """Key and value that put a campaign on hold; ms since 1970, `until` None for ever. `by`: who decided."""
    said: CampaignHold = {
        "campaign_id": campaign_id,
        "until": None if until is None else render_time(until),
        "by": by,
        "at": render_time(at),
    }
    return campaign_id.encode(), orjson.dumps(said)


def lift_record(campaign_id: str) -> tuple[bytes, None]:
    """Key and value that end a hold at once."""
    return campaign_id.encode(), None


def read_hold_record(key: bytes | None, value: bytes | None, holds: MutableMapping[str, int | None]) -> None:
    """Do to `holds`, by campaign its `until`, what a record says.

    One that cannot be read holds its campaign for ever, since somebody wanted to hold it; without a campaign it says
    nothing.
    """
    if not key or is_mark(key):
        return
    campaign_id = key.decode(errors="replace")
    if value is None:
        holds.pop(campaign_id, None)
    else:
        holds[campaign_id] = _until(value)


def _until(value: bytes) -> int | None:
    try:
        until = _read(value).until
    except msgspec.MsgspecError:
        return None
    return None if until is None else parse_time(until)
