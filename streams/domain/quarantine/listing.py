"""Sources in quarantine, and those of which held records wait since, as they may be shown to anybody."""

from collections.abc import Mapping
from dataclasses import dataclass

from events.times import render_time
from streams.domain.display_names import named
from streams.domain.quarantine.orders import Quarantine


@dataclass(frozen=True, slots=True)
class Listed:
    """A source by its name, or `*`. `since` and `until`: of its quarantine, RFC 3339; None: it was let go.

    `waiting`: how many of its records are held and nobody has released yet.
    """

    source: str
    since: str | None
    until: str | None
    held_now: bool
    waiting: int


def listed(known: Mapping[str, Quarantine], waiting: Mapping[str, int], now: int) -> list[Listed]:
    """Those in quarantine first, then those with the most records. What is neither held nor waited for is left out."""
    found = []
    for source in known.keys() | waiting.keys():
        quarantine, count = known.get(source), waiting.get(source, 0)
        held_now = quarantine is not None and now < quarantine.until
        if held_now or count:
            since = None if quarantine is None else render_time(quarantine.since)
            until = None if quarantine is None else render_time(quarantine.until)
            found.append(Listed(named(source), since, until, held_now, count))
    return sorted(found, key=lambda each: (not each.held_now, -each.waiting, each.source))


def sentence(each: Listed) -> str:
    """Since when it is held, and how many records wait; without the source."""
    count = f"{each.waiting:,} held record{'' if each.waiting == 1 else 's'} wait{'s' if each.waiting == 1 else ''}"
    if each.since is None or each.until is None:
        return f"let go, and {count} to be released"
    if each.held_now:
        return f"in quarantine since {_minute(each.since)}, {count}"
    return f"in quarantine from {_minute(each.since)} to {_minute(each.until)}, and {count} to be released"


def _minute(time: str) -> str:
    return f"{time[:16].replace('T', ' ')}Z"
