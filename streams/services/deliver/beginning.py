"""Where reading goes on for an endpoint: at what is stored, if the topics are still those, else where its file says."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from faust.types import TP
from msgspec.structs import replace

from events.times import parse_time
from events.topics import CONTACT_ALERTS, CONTACT_STATE
from streams.domain.delivery.endpoints import OF_CONTACTS, Endpoint
from streams.domain.delivery.standing import OLDEST_TOLD_MS, Standing, is_too_old
from streams.engine.changelog import PartitionReader
from streams.services.deliver.backlog import Place
from streams.services.deliver.journal import Journal
from streams.services.deliver.rereading import erasures_since, first_times

logger = logging.getLogger(__name__)

DAY_MS = 86_400_000
Topics = Mapping[str, tuple[str, int]]
"""By topic its id, and how many partitions it has."""


class Lost(NamedTuple):
    """A record that waited in a topic that is no more."""

    place: Place
    topic_id: str
    attempts: int


class Expired(NamedTuple):
    """Offsets of a partition that are gone unread: the first, and how many."""

    place: Place
    topic_id: str
    offsets: int


class Begun(NamedTuple):
    """Standings of all partitions, which of them are other than what is stored, and what can be told no more."""

    standings: Mapping[TP, Standing]
    changed: Sequence[TP]
    lost: Sequence[Lost]
    expired: Sequence[Expired]


def topics_of(endpoint: Endpoint, journal: Journal) -> tuple[str, ...]:
    """The topics that are read for an endpoint: who was told of contacts once is told who was erased, for ever."""
    stored = (standing for (name, *_), standing in journal.standings.items() if name == endpoint.id)
    was_told = endpoint.kind == "webhook" and any(standing.told_of_contacts for standing in stored)
    return tuple(dict.fromkeys((*endpoint.read_topics, *((CONTACT_STATE,) if was_told else ()))))


async def begun(endpoint: Endpoint, journal: Journal, topics: Topics, reader: PartitionReader, now: int) -> Begun:
    """Where it goes on. Raises Kafka's errors.

    A webhook is told nothing of contacts that is older than `OLDEST_TOLD_MS`: who was erased before is not known. One
    that is new begins no earlier; of what was not read for longer each record is judged as it is read.

    Of a topic that was made anew all is new. So are partitions that a topic has got; a topic that the endpoint was not
    told of before begins where its file says.
    """
    tps = [TP(topic, number) for topic, (_, partitions) in topics.items() for number in range(partitions)]
    known = {topic for name, topic, _ in journal.standings if name == endpoint.id}
    new = [tp for tp in tps if tp.topic not in known]
    begins = await _begins(endpoint, new, reader, now)
    starts, ends = await reader.starts_of(tps), await reader.ends_of(tps)
    standings, lost, expired = dict[TP, Standing](), list[Lost](), list[Expired]()
    for tp in tps:
        topic_id, stored = topics[tp.topic][0], journal.standings.get((endpoint.id, *tp))
        found = stored or Standing(topic_id, begins.get(tp, 0))
        if found.topic_id != topic_id:
            lost += [
                Lost(Place(tp, offset), found.topic_id, wait.attempts)
                for offset, wait in found.waits.items()
                if not wait.forgotten
            ]
            found = made_anew(found, topic_id)
        if endpoint.kind == "webhook" and tp.topic in OF_CONTACTS:
            young = {
                offset: wait
                for offset, wait in found.waits.items()
                if wait.tells_erasure or not is_too_old(wait.at, now)
            }
            lost += [
                Lost(Place(tp, offset), topic_id, wait.attempts)
                for offset, wait in found.waits.items()
                if offset not in young
            ]
            found = found if len(young) == len(found.waits) else replace(found, waits=young)
        standings[tp] = within(endpoint, tp, found, starts[tp], ends[tp])
        if stored is not None and stored.topic_id == topic_id and (count := unread_and_gone(stored, starts[tp])):
            expired.append(Expired(Place(tp, stored.position), topic_id, count))
    changed = [tp for tp, standing in standings.items() if standing is not journal.standings.get((endpoint.id, *tp))]
    return Begun(standings, changed, lost, expired)


async def erased_meanwhile(
    endpoint: Endpoint, topics: Topics, standings: Mapping[TP, Standing], reader: PartitionReader, now: int
) -> Mapping[str, int]:
    """By line who was erased since the oldest record that may still be told of contacts, and when.

    So nobody is told of again who was erased while nothing was read, or just before a crash; nor whom the endpoint has
    still to forget, of whom the topics may have said so long ago. `topics`: with `contact-alerts`, whoever reads them.
    """
    if CONTACT_STATE not in topics or endpoint.kind != "webhook":
        return {}
    of_contacts = {tp: standing for tp, standing in standings.items() if tp.topic in OF_CONTACTS}
    waiting = [
        wait.at for standing in of_contacts.values() for wait in standing.waits.values() if not wait.tells_erasure
    ]
    unread = {tp: standing.position for tp, standing in of_contacts.items() if tp.topic != CONTACT_STATE}
    times = [*waiting, *await first_times(reader, unread)]
    since = max(min(times, default=now), now - OLDEST_TOLD_MS - DAY_MS)
    partitions = {topic: topics[topic][1] for topic in (CONTACT_STATE, CONTACT_ALERTS)}
    found = await erasures_since(reader, since, partitions) if times else {}
    for standing in of_contacts.values():
        for wait in standing.waits.values():
            if wait.forgotten:
                found[wait.line] = max(wait.at, found.get(wait.line, 0))
    return found


def _limited(endpoint: Endpoint, tps: Sequence[TP]) -> list[TP]:
    """The partitions of which nothing old is told: `contact-state` itself says who was erased."""
    if endpoint.kind != "webhook":
        return []
    return [tp for tp in tps if tp.topic in OF_CONTACTS and tp.topic != CONTACT_STATE]


async def _begins(endpoint: Endpoint, tps: Sequence[TP], reader: PartitionReader, now: int) -> Mapping[TP, int]:
    if not tps:
        return {}
    if endpoint.start == "now":
        return await reader.ends_of(tps)
    since, limited = max(0, parse_time(endpoint.start) or 0), _limited(endpoint, tps)
    free = [tp for tp in tps if tp not in limited]
    begins = await reader.offsets_not_after(free, since) if since and free else dict.fromkeys(free, 0)
    oldest = max(since, now - OLDEST_TOLD_MS)
    return {**begins, **(await reader.offsets_not_after(limited, oldest) if limited else {})}


def made_anew(standing: Standing, topic_id: str) -> Standing:
    """The standing of a topic that is another one now: read from its start, where what waited was said to nobody.

    Who is to be forgotten still is, before all else: no record is needed for it, nor is there one at such an offset.
    """
    forget = [wait for wait in standing.waits.values() if wait.forgotten]
    waits = dict(enumerate(forget, -len(forget)))
    return replace(standing, topic_id=topic_id, position=0, waits=waits, said={} if standing.waits else standing.said)


def unread_and_gone(standing: Standing, start: int) -> int:
    """How many offsets a partition has no more, behind those that were read."""
    return max(0, start - standing.position)


def within(endpoint: Endpoint, tp: TP, standing: Standing, start: int, end: int) -> Standing:
    """The standing with a position that the topic has."""
    if standing.position < start:
        if standing.position:
            logger.warning(
                "%s: %s/%d: offsets %d to %d are gone, and it was not told them",
                endpoint.id,
                *tp,
                standing.position,
                start - 1,
            )
        return replace(standing, position=start)
    if standing.position > end:
        logger.warning("%s: %s/%d ends before what was read of it", endpoint.id, *tp)
        return replace(standing, position=end)
    return standing
