"""Which notice an interaction says that its person was given: its version, how and when, as a state keeps it.

They stand in the one place that states have for it: a version is a label, in which no `|` fits. So the format of states
is what it was, and a version alone is kept as ever.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from events.times import parse_time
from streams.domain.contact.state import Fact, Origin

Place: TypeAlias = tuple[str, str | None]
"""The kind and the file of a source, of which a notice is."""

_BETWEEN = "|"


class GivenNotice(NamedTuple):
    """A notice that was given. `by`: how. `at` in ms; None: when the interaction happened that says so."""

    version: str
    by: str | None = None
    at: int | None = None


def kept_notice(version: str | None, by: str | None, at: str | None) -> str | None:
    """What a state keeps of what an interaction says; None: nothing, since without a version it names no notice."""
    if version is None or (by is None and at is None):
        return version
    given = None if at is None else parse_time(at)
    return _BETWEEN.join([version, by or "", "" if given is None else str(given)])


def notice_in(kept: str) -> GivenNotice:
    """The notice that a state keeps."""
    version, _, rest = kept.partition(_BETWEEN)
    by, _, at = rest.partition(_BETWEEN)
    return GivenNotice(version, by or None, int(at) if at else None)


def given_at(fact: Fact, kept: str) -> int:
    """When the notice was given that a fact names, ms."""
    at = notice_in(kept).at
    return fact.time if at is None else at


def got_at(fact: Fact, origin: Origin) -> int:
    """When that was got of which a fact says where it comes from, ms: of one that is there for its notice, by then."""
    if origin.obtained_at is not None:
        return min(fact.time, origin.obtained_at)
    return fact.time if origin.notice is None else min(fact.time, given_at(fact, origin.notice))


def given_notices(facts: Iterable[Fact]) -> dict[Place, list[int]]:
    """When notices were given (ms, in order) as facts say, by what they are about."""
    given: dict[Place, list[int]] = {}
    for fact in facts:
        if (origin := fact.origin) is not None and origin.notice is not None:
            given.setdefault((origin.kind, origin.file), []).append(given_at(fact, origin.notice))
    for times in given.values():
        times.sort()
    return given


def told_before(fact: Fact, given: Mapping[Place, Sequence[int]]) -> int:
    """How many notices of a source had been given before that was got of which a fact says that it comes from there.

    0 of a fact that names a notice itself: it gives it.
    """
    origin = fact.origin
    if origin is None or origin.notice is not None or (times := given.get((origin.kind, origin.file))) is None:
        return 0
    return bisect_left(times, got_at(fact, origin))
