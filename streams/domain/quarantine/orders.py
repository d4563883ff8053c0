"""What `source-quarantines` says: a source is in quarantine until a time, or not any more."""

from collections.abc import MutableMapping
from hashlib import blake2b

import msgspec
import orjson
from msgspec import Struct

from events.json_types import UNREADABLE
from events.outputs import SystemAlert
from events.times import parse_time, render_time
from streams.domain.display_names import named
from streams.domain.quarantine.floods import MINUTE_MS, Flood

RULE = "source_quarantined"
_VERSION = "1"


class Quarantine(Struct, frozen=True):
    """`since` and `until`: ms; what was appended before `until` is held. `refused`: in the minute that began it."""

    source: str
    since: int
    until: int
    refused: int


class _Said(Struct):
    source: str
    since: str
    until: str
    refused: int = 0


_read = msgspec.json.Decoder(_Said).decode


def quarantine_record(held: Quarantine) -> tuple[bytes, bytes]:
    """Key and value that put a source into quarantine, or keep it there for longer."""
    said = {
        "source": held.source,
        "since": render_time(held.since),
        "until": render_time(held.until),
        "refused": held.refused,
    }
    return held.source.encode(errors="replace"), orjson.dumps(said)


def read_quarantine_record(key: bytes | None, value: bytes | None, held: MutableMapping[str, Quarantine]) -> None:
    """Do to `held`, by source, what a record says. One that cannot be read says nothing: nobody is held by a slip."""
    if not key:
        return
    source = key.decode(errors="replace")
    if value is None:
        held.pop(source, None)
        return
    try:
        said = _read(value)
    except UNREADABLE:
        return
    since, until = parse_time(said.since), parse_time(said.until)
    if since is not None and until is not None:
        held[source] = Quarantine(source, since, until, said.refused)


def quarantine_after(flood: Flood, before: Quarantine | None, calm_ms: int) -> Quarantine | None:
    """What follows from a flood for its source; None: nothing, for it is held for long enough as it is.

    It ends `calm_ms` after the last minute that was a flood. One that goes on is made longer when half of that is over,
    so that not every chunk is news.
    """
    ended = flood.at + MINUTE_MS
    if before is not None and before.until >= ended + calm_ms // 2:
        return None
    since = before.since if before is not None and flood.at < before.until else flood.at
    return Quarantine(flood.source, since, ended + calm_ms, flood.refused)


def is_new(held: Quarantine, before: Quarantine | None) -> bool:
    """Whether a quarantine begins, rather than being made longer."""
    return before is None or before.since != held.since


def alert_of(held: Quarantine, share: float) -> SystemAlert:
    """What somebody is to look at: sent once for each quarantine, not each time that it is made longer.

    The source is named, or `*` where it may be an address: the id tells one from another.
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
