"""Quarantines of sources: when one begins and ends, its record in `source-quarantines`, and the alert about it."""

from collections.abc import MutableMapping
from hashlib import blake2b

import msgspec
import orjson
from msgspec import Struct

from events.json_types import UNREADABLE
from events.outputs import SystemAlert
from events.times import parse_time, render_time
from streams.domain.display_names import named
from streams.domain.quarantine.flood_detection import MINUTE_MS, Flood

RULE = "source_quarantined"
_VERSION = "1"


class Quarantine(Struct, frozen=True):
    """A source whose records are held if they were appended before `until` and can wait.

    `since` and `until`: ms. `refused`: records refused in the minute of the latest flood.
    """

    source: str
    since: int
    until: int
    refused: int


class _StoredQuarantine(Struct):
    source: str
    since: str
    until: str
    refused: int = 0


_read_stored = msgspec.json.Decoder(_StoredQuarantine).decode


def quarantine_record(held: Quarantine) -> tuple[bytes, bytes]:
    """Key and value of the record that puts a source into quarantine, or keeps it there for longer."""
    said = {
        "source": held.source,
        "since": render_time(held.since),
        "until": render_time(held.until),
        "refused": held.refused,
    }
    return held.source.encode(errors="replace"), orjson.dumps(said)


def read_quarantine_record(key: bytes | None, value: bytes | None, held: MutableMapping[str, Quarantine]) -> None:
    """Apply a record of `source-quarantines` to `held`, by source; an unreadable one is ignored."""
    if not key:
        return
    source = key.decode(errors="replace")
    if value is None:
        held.pop(source, None)
        return
    try:
        said = _read_stored(value)
    except UNREADABLE:
        return
    since, until = parse_time(said.since), parse_time(said.until)
    if since is not None and until is not None:
        held[source] = Quarantine(source, since, until, said.refused)


def quarantine_after(flood: Flood, before: Quarantine | None, calm_ms: int) -> Quarantine | None:
    """The quarantine that follows from a flood; None: the one that there is (`before`) lasts long enough.

    It ends `calm_ms` after the last minute that was a flood. While a flood goes on, the quarantine is made longer only
    when half of that is over, so that not every chunk writes a record.
    """
    ended = flood.at + MINUTE_MS
    if before is not None and before.until >= ended + calm_ms // 2:
        return None
    since = before.since if before is not None and flood.at < before.until else flood.at
    return Quarantine(flood.source, since, ended + calm_ms, flood.refused)


def begins_quarantine(held: Quarantine, before: Quarantine | None) -> bool:
    """Whether a quarantine begins, rather than lasting longer than it would have."""
    return before is None or before.since != held.since


def alert_of(held: Quarantine, share: float) -> SystemAlert:
    """The alert about a quarantine, sent once when it begins.

    Its subject is the source, or `*` where that may be an address; `alert_id` tells one source from another.
    """
    trigger = "\x1f".join((RULE, held.source, str(held.since), _VERSION))
    return {
        "alert_id": blake2b(trigger.encode(errors="replace"), digest_size=16).hexdigest(),
        "rule": RULE,
        "subject": named(held.source),
        "at": render_time(held.since),
        "evidence": [],
        "detail": f"{held.refused} records refused within a minute, {share:.0%} of what it sent: what can wait is held "
        f"in the topic `quarantine` until {render_time(held.until)}, or longer if it goes on; money, refusals and "
        "touches are not. `harmonia dead-letters release` requeues it",
    }
