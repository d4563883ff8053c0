"""What was sent and answered under campaigns of texts, counted from the latest interactions: no table has them."""

from collections.abc import Iterable

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from events.times import parse_time

MOST_READ = 200_000
"""The most interactions that are read."""
_MESSAGES = ("text.sent", "text.delivered")
_STOP = "text.opted_out"


class TextCounts(Struct, frozen=True):
    """Texts of one campaign. None: not known, since not all interactions were read, or nobody says so.

    `messages`: the larger of sent and delivered; `stops`: STOPs that name the campaign, or one of its texts.
    """

    messages: int | None
    stops: int | None
    last_sent: int | None


class _Data(Struct, frozen=True):
    campaign_id: str | None = None
    message_id: str | None = None


class _Interaction(Struct, frozen=True):
    id: str
    source: str
    type: str
    time: str
    data: _Data = _Data()


_read = Decoder(_Interaction).decode


def count_texts(records: Iterable[tuple[bytes | None, bytes | None]], *, is_whole: bool) -> dict[str, TextCounts]:
    """Counts by campaign, of keys and values of `interactions`; copies are counted once.

    `is_whole`: whether the records are all that there are of the time. A STOP that names neither campaign nor text may
    be of any, so no STOP is no 0.
    """
    seen: set[tuple[bytes | None, str, str]] = set()
    sent: dict[str, dict[str, int]] = {}
    last: dict[str, int] = {}
    campaigns: dict[tuple[bytes | None, str], str] = {}
    stops: list[tuple[str | None, tuple[bytes | None, str]]] = []
    for key, value in records:
        one = _text_in(value)
        if one is None or (key, one.source, one.id) in seen:
            continue
        seen.add((key, one.source, one.id))
        campaign, message = one.data.campaign_id, (key, one.data.message_id or "")
        if one.type == _STOP:
            stops.append((campaign, message))
        elif campaign is not None:
            counts = sent.setdefault(campaign, dict.fromkeys(_MESSAGES, 0))
            counts[one.type] += 1
            last[campaign] = max(last.get(campaign, 0), parse_time(one.time) or 0)
            campaigns[message] = campaign
    stopped: dict[str, int] = {}
    for campaign, message in stops:
        if (name := campaign or campaigns.get(message)) is not None:
            stopped[name] = stopped.get(name, 0) + 1
    return {
        name: TextCounts(
            max(sent[name].values()) if is_whole and name in sent else None,
            stopped.get(name) if is_whole else None,
            last.get(name),
        )
        for name in sent.keys() | stopped.keys()
    }


def _text_in(value: bytes | None) -> _Interaction | None:
    if value is None or b'"text.' not in value:
        return None
    try:
        found = _read(value)
    except (DecodeError, UnicodeDecodeError):
        return None
    return found if found.type in (*_MESSAGES, _STOP) else None
