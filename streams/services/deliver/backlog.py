"""What one endpoint has still to be told, in memory: how far it is in each partition, and bodies that are at hand.

Nothing here reads or writes: what has changed is taken from it, to be stored.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import merge
from typing import NamedTuple

from faust.types import TP
from msgspec.structs import replace

from events.topics import CONTACT_STATE, EXPERIMENT_RESULTS
from streams.domain.delivery.digests import QUIET_S, digest_line, first_told_at, next_digest
from streams.domain.delivery.endpoints import OF_CONTACTS, Endpoint
from streams.domain.delivery.notices import FORGOTTEN, Notice, SourceRecord, notice_of
from streams.domain.delivery.schedule import Answer
from streams.domain.delivery.standing import (
    MOST_WAITS,
    ArrivingRecord,
    Fate,
    Standing,
    Wait,
    admitted,
    firsts,
    is_too_old,
    line_of,
    settled,
    without_forgotten,
)

MOST_BODIES = 2_000
"""That are kept until they are told first; others are read again then."""
MOST_FORGOTTEN = 100_000


class Place(NamedTuple):
    """Where a record stands."""

    tp: TP
    offset: int


Placed = Sequence[tuple[int, SourceRecord]]
"""Records with their offsets."""


class Backlog:
    """Standings of all partitions that one endpoint is told of."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_webhook = endpoint.kind == "webhook"
        self._changed: set[TP] = set()
        self._bodies: dict[Place, SourceRecord] = {}
        self._forgotten: dict[str, int] = {}
        self._too_old = 0
        self._sorted: dict[TP, tuple[Standing, Sequence[tuple[int, Place, str]]]] = {}
        self._under_way: frozenset[Place] = frozenset()
        self._told_at: int | None = None
        self.standings: dict[TP, Standing] = {}

    def begin(self, standings: Mapping[TP, Standing], changed: Collection[TP]) -> None:
        """Take up what is stored, and what of it has changed since."""
        self.standings, self._changed = {**standings}, {*changed}
        self._under_way = frozenset()
        self._bodies.clear()
        self._sorted.clear()

    def changed(self) -> dict[TP, Standing]:
        """What is to be stored; asked again, only what has changed since."""
        found, self._changed = {tp: self.standings[tp] for tp in self._changed}, set()
        return found

    @property
    def has_changed(self) -> bool:
        """Whether anything is to be stored."""
        return bool(self._changed)

    def passed_over(self) -> int:
        """How many records were too old to be told of contacts, since this was asked last."""
        found, self._too_old = self._too_old, 0
        return found

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return sum(len(standing.waits) for standing in self.standings.values())

    def is_owed(self, now: int) -> bool:
        """Whether anything waits whose time has come, or that failed before; a line of a digest may be for later."""
        waits = (wait for standing in self.standings.values() for wait in standing.waits.values())
        return any(wait.attempts or wait.next_at <= now for wait in waits)

    @property
    def has_room_for_replays(self) -> bool:
        """Whether so little waits that more of a replay may be noted."""
        return all(len(standing.waits) < MOST_WAITS // 2 for standing in self.standings.values())

    def with_room(self, *, erasures_only: bool) -> list[TP]:
        """The partitions of which more may be read."""
        return [
            tp
            for tp, standing in self.standings.items()
            if standing.has_room and (tp.topic == CONTACT_STATE or not erasures_only)
        ]

    def admit(self, fetched: Mapping[TP, Placed], positions: Mapping[TP, int], now: int) -> None:
        """Take in what was read, up to the positions.

        Where nothing was read a position may have moved too: markers of transactions have offsets.
        """
        erasures: dict[str, int] = {}
        for tp, position in positions.items():
            read = fetched.get(tp, ())
            arrivals = [found for offset, source in read if (found := self._arrival(tp, offset, source, now))]
            for each in arrivals:
                if each.forgets:
                    erasures[each.line] = max(each.at, erasures.get(each.line, 0))
            if position > self.standings[tp].position:
                under_way = {place.offset for place in self._under_way if place.tp == tp}
                self.change(tp, admitted(self.standings[tp], arrivals, position, under_way))
        if erasures:
            self.forget(erasures)

    def forget(self, erasures: Mapping[str, int]) -> None:
        """Drop what was said of contacts before they were erased, and pass over what is still to be read of it."""
        for line, at in erasures.items():
            self._forgotten[line] = max(at, self._forgotten.get(line, 0))
        while len(self._forgotten) > MOST_FORGOTTEN:
            self._forgotten.pop(next(iter(self._forgotten)))
        for tp, standing in self.standings.items():
            if tp.topic in OF_CONTACTS:
                self.change(tp, without_forgotten(standing, erasures))
        self._bodies = {
            place: body for place, body in self._bodies.items() if place.offset in self.standings[place.tp].waits
        }

    def change(self, tp: TP, standing: Standing) -> None:
        """Note another standing."""
        if standing is not self.standings[tp]:
            self.standings[tp] = standing
            self._changed.add(tp)

    def wait_of(self, place: Place) -> Wait | None:
        """What is known of a record that waits; None: it does not."""
        return self.standings[place.tp].waits.get(place.offset)

    def ready(self, busy: Collection[str], now: int, most: int) -> list[Place]:
        """What may be told now, each by itself: of no contact of whom something is under way."""
        chosen: dict[str, Place] = {}
        for next_at, place, line in merge(*map(self._firsts, self.standings)):
            if next_at > now or len(chosen) >= most:
                break
            if line not in busy:
                chosen.setdefault(line, place)
        return [*chosen.values()]

    def _firsts(self, tp: TP) -> Sequence[tuple[int, Place, str]]:
        """What may be tried of a partition, the earliest first; found again only where its standing has changed."""
        standing = self.standings[tp]
        of, found = self._sorted.get(tp, (None, ()))
        if of is not standing:
            found = sorted((next_at, Place(tp, offset), line) for next_at, offset, line in firsts(standing))
            self._sorted[tp] = standing, found
        return found

    def digest(self, now: int) -> list[Place]:
        """What is told together now."""
        return next_digest(
            (
                (Place(tp, offset), wait)
                for tp, standing in self.standings.items()
                for offset, wait in standing.waits.items()
            ),
            now,
            self._told_at,
        )

    def begin_telling(self, places: Collection[Place]) -> None:
        """Note what is being told now: a line that comes meanwhile is not counted with it."""
        self._under_way |= {*places}

    def settle(self, place: Place, answer: Answer, now: int) -> tuple[Fate, int]:
        """Note what came of an attempt: the fate of the record, and how often it was tried by now."""
        before = self.wait_of(place)
        self._under_way -= {place}
        if answer == "delivered":
            self._told_at = now
        standing, fate = settled(self.standings[place.tp], place.offset, answer, now)
        self.change(place.tp, standing)
        self._bodies.pop(place, None)
        return fate, 0 if before is None else before.attempts + 1

    def body(self, place: Place) -> SourceRecord | None:
        """The record, where it is at hand."""
        return self._bodies.get(place)

    def keep(self, tp: TP, records: Placed) -> None:
        """Have bodies at hand that were read again, of whatever waits."""
        waits = self.standings[tp].waits
        for offset, source in records:
            if len(self._bodies) >= 2 * MOST_BODIES:
                return
            if offset in waits:
                self._bodies[Place(tp, offset)] = source

    def line_in(self, source: SourceRecord) -> str | None:
        """The line of a record as this endpoint is told it; None: it is told nothing of it."""
        notice = notice_of(self._endpoint, source)
        return None if notice is None else self._line(source, notice)

    def _line(self, source: SourceRecord, notice: Notice) -> str:
        return line_of(source.key or b"") if self._is_webhook else line_of(digest_line(notice).encode())

    def _arrival(self, tp: TP, offset: int, source: SourceRecord, now: int) -> ArrivingRecord | None:
        if offset < self.standings[tp].position:
            return None
        notice = notice_of(self._endpoint, source)
        if notice is None:
            return None
        is_of_contact = self._is_webhook and tp.topic in OF_CONTACTS
        if is_of_contact and not notice.tells_erasure and is_too_old(source.at, now):
            self._too_old += 1
            return None
        line = self._line(source, notice)
        if not notice.tells_erasure and source.at < self._forgotten.get(line, 0):
            return None
        first_at = self._first_at(tp, notice, line, now)
        if first_at is None:
            return None
        forgets = notice.type == FORGOTTEN
        if len(self._bodies) < MOST_BODIES and not forgets:
            self._bodies[Place(tp, offset)] = source
        return ArrivingRecord(
            offset,
            line,
            source.at,
            first_at,
            is_of_contact=is_of_contact,
            tells_erasure=notice.tells_erasure,
            forgets=forgets,
            repeats=not self._is_webhook and tp.topic != EXPERIMENT_RESULTS,
            forgotten=str(notice.data["contact_id"]) if forgets else "",
        )

    def _first_at(self, tp: TP, notice: Notice, line: str, now: int) -> int | None:
        """When it may be told first; None: never, since all of it was said before."""
        standing = self.standings[tp]
        if tp.topic == EXPERIMENT_RESULTS:
            name = str(notice.data["experiment"])
            if standing.said.get(name) == notice.fingerprint:
                return None
            self.change(tp, replace(standing, said={**standing.said, name: notice.fingerprint}))
            return now if self._is_webhook else first_told_at(now, None)
        if self._is_webhook:
            return now
        told = [int(said) for each in self._of_alerts() if (said := self.standings[each].said.get(line))]
        first_at = first_told_at(now, max(told, default=None))
        kept = {each: at for each, at in standing.said.items() if int(at) + QUIET_S * 1000 > now}
        self.change(tp, replace(standing, said={**kept, line: str(first_at)}))
        return first_at

    def _of_alerts(self) -> Iterable[TP]:
        return (tp for tp in self.standings if tp.topic != EXPERIMENT_RESULTS)
