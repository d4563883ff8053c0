"""How far one endpoint is in one partition of a topic: what it has still to be told, and which offset is read next.

Whatever is read becomes a wait, and is let go once it was acknowledged or is dead. So what is stored at any moment says
all: after a crash reading goes on at the position, and waits are tried when they are due. A wait has a hash of
its key that tells which waits are of one contact: of each only the first is tried. It names no contact but one whom the
endpoint is to forget.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.domain.delivery.schedule import SCHEDULE_S, Answer, next_attempt_at

Fate = Literal["delivered", "waiting", "dead", "gone", "dropped"]
"""What became of a delivery. `gone`: the topic does not have the record any more; `dropped`: its contact was erased."""

MOST_WAITS = 1_000
"""Of one partition; from so many on nothing more is read of it for this endpoint."""
MOST_WITH_FORGOTTEN = 5_000
"""The same with those that say whom to forget; more would be too much for one record, which Kafka takes up to 1 MB."""
MOST_SIGNS_FORGOTTEN = 400_000
"""Of their ids together."""

OLDEST_TOLD_MS = 6 * 86_400_000
"""Nothing older is told of contacts: who was erased is known for seven days, and who was before must not be told of."""
_READ_WITHIN_MS = 3_600_000
"""So much older may be what was asked for just within the limit, once it is read."""


class Wait(Struct, frozen=True, array_like=True):
    """A record that an endpoint has still to acknowledge.

    `attempts`: how often it was tried. `next_at`: ms, not before. `line`: whose record it is, hashed. `at`: when it was
    appended, ms. `tells_erasure`: it says of its contact only that it was erased, so no erasure drops it. `forgotten`:
    the id of whom it says to forget, else empty; the topic may have dropped the record long before it is told. `times`:
    of a line of a digest how often it came, this record being the first.
    """

    attempts: int
    next_at: int
    line: str
    at: int
    tells_erasure: bool = False
    forgotten: str = ""
    times: int = 1


class Standing(Struct, frozen=True):
    """One endpoint in one partition.

    `position`: the offset that is read next. `waits`: by offset, in order. `told_of_contacts`: whether it may have been
    told of any. `said`: of each experiment a fingerprint of what was said last; of each line of a digest when, ms.
    """

    topic_id: str
    position: int
    waits: dict[int, Wait] = {}
    told_of_contacts: bool = False
    said: dict[str, str] = {}

    @property
    def has_room(self) -> bool:
        """Whether more may be read. Who is to be forgotten takes no room from others."""
        if len(self.waits) < MOST_WAITS:
            return True
        others = sum(not wait.forgotten for wait in self.waits.values())
        signs = sum(len(wait.forgotten) for wait in self.waits.values())
        return others < MOST_WAITS and len(self.waits) < MOST_WITH_FORGOTTEN and signs < MOST_SIGNS_FORGOTTEN


class ArrivingRecord(NamedTuple):
    """A record that the endpoint is to be told.

    `forgets`: it drops what waits of its contact. `repeats`: it is counted with one of its line that waits and was not
    tried yet, if there is one. Others: see `Wait`.
    """

    offset: int
    line: str
    at: int
    first_at: int
    is_of_contact: bool = False
    tells_erasure: bool = False
    forgets: bool = False
    forgotten: str = ""
    repeats: bool = False

    def wait(self) -> Wait:
        """Before it was tried."""
        return Wait(0, self.first_at, self.line, self.at, self.tells_erasure, self.forgotten)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Standing).decode


def line_of(key: bytes) -> str:
    """The hash by which records of one key are known to belong together, 64 bits of it."""
    return hashlib.blake2b(key, digest_size=8, person=b"harmonia-line").hexdigest()


def is_too_old(at: int, now: int) -> bool:
    """Whether a record that was appended at a time, ms, is not told of a contact any more when it is read now."""
    return at < now - OLDEST_TOLD_MS - _READ_WITHIN_MS


def admitted(
    standing: Standing, arrivals: Iterable[ArrivingRecord], next_offset: int, under_way: Collection[int] = ()
) -> Standing:
    """The standing after records were read up to `next_offset`. Those below the position were admitted before.

    An erasure drops what waits of its contact from before. `under_way`: what is being told now; nothing is added to it.
    """
    waits, told = dict(standing.waits), standing.told_of_contacts
    for arrival in arrivals:
        if arrival.offset < standing.position:
            continue
        if arrival.forgets:
            waits = {at: wait for at, wait in waits.items() if wait.line != arrival.line or at > arrival.offset}
        same = _same_line(arrival, waits, under_way) if arrival.repeats else None
        if same is None:
            waits[arrival.offset] = arrival.wait()
        else:
            waits[same] = replace(waits[same], times=waits[same].times + 1)
        told = told or arrival.is_of_contact
    if any(offset >= standing.position for offset in standing.waits):  # kept when it was set back
        waits = dict(sorted(waits.items()))
    return replace(standing, position=max(standing.position, next_offset), waits=waits, told_of_contacts=told)


def _same_line(arrival: ArrivingRecord, waits: Mapping[int, Wait], under_way: Collection[int]) -> int | None:
    for offset, wait in waits.items():
        if wait.line == arrival.line and wait.attempts == 0 and offset not in under_way:
            return offset
    return None


def without_forgotten(standing: Standing, erasures: Mapping[str, int]) -> Standing:
    """The standing without what was said of contacts before they were erased; by line when that was, ms."""
    waits = {
        offset: wait
        for offset, wait in standing.waits.items()
        if wait.tells_erasure or wait.at >= erasures.get(wait.line, 0)
    }
    return standing if len(waits) == len(standing.waits) else replace(standing, waits=waits)


def with_replayed(standing: Standing, replayed: Mapping[int, Wait]) -> Standing:
    """The standing with records, by offset, that are to be told once more; those that wait anyway begin anew."""
    return replace(standing, waits=dict(sorted({**standing.waits, **replayed}.items())))


def set_back(standing: Standing, offset: int) -> Standing:
    """The standing in which everything from an offset on is read once more; what waits before it goes on waiting.

    So does who is to be forgotten, at once: the topic may have dropped the record since.
    """
    if offset >= standing.position:
        return standing
    waits = {
        place: wait if place < offset else replace(wait, attempts=0, next_at=0)
        for place, wait in standing.waits.items()
        if place < offset or wait.forgotten
    }
    return replace(standing, position=offset, waits=waits, said={})


def firsts(standing: Standing) -> list[tuple[int, int, str]]:
    """Of each contact the first that waits, which alone may be tried: when, its offset, and its line."""
    found: dict[str, tuple[int, int, str]] = {}
    for offset, wait in standing.waits.items():
        if wait.line not in found:
            found[wait.line] = wait.next_at, offset, wait.line
    return [*found.values()]


def settled(standing: Standing, offset: int, answer: Answer, now: int) -> tuple[Standing, Fate]:
    """The standing after an attempt, and what became of the record. Of an endpoint that is disabled all is kept."""
    wait = standing.waits.get(offset)
    if wait is None:  # an erasure came in between
        return standing, "dropped"
    fate: Fate
    match answer:
        case "delivered":
            fate, kept = "delivered", None
        case "gone":
            fate, kept = "gone", None
        case "disabled":
            fate, kept = "waiting", wait
        case "refused" | "failed":
            again = next_attempt_at(wait.attempts + 1, now)
            if again is None and wait.forgotten:  # whoever was told of somebody must be told to forget them
                again = now + SCHEDULE_S[-1] * 1000
            kept = None if again is None else replace(wait, attempts=wait.attempts + 1, next_at=again)
            fate = "dead" if kept is None else "waiting"
    waits = dict(standing.waits)
    if kept is None:
        del waits[offset]
    else:
        waits[offset] = kept
    return replace(standing, waits=waits), fate


def encoded(standing: Standing) -> bytes:
    """The value of its record."""
    return _encode(standing)


def decoded(value: bytes) -> Standing:
    """The standing of a record's value. Raises ValueError for one that no version has written."""
    return _decode(value)
