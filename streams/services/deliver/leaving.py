"""What is stored of endpoints and topics that the file no longer names: it is taken out, or says only who was told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from faust.types import TP
from msgspec.structs import replace

from events.deliveries import EndpointStatus
from events.topics import CONTACT_STATE
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait
from streams.engine.writer import Output
from streams.services.deliver.backlog import Place
from streams.services.deliver.journal import Stand, standing_record, tombstone

FORGET_WITHIN_MS = 30 * 86_400_000
"""How long whom to forget is kept for an endpoint that the file does not name: as long as alerts and logs are."""


class LetGo(NamedTuple):
    """What waited in a partition and is told no more: the first of it, and how many. `topic_id`: of its topic."""

    endpoint: str
    place: Place
    topic_id: str
    records: int


class TakenOut(NamedTuple):
    """Records of the journal itself that take out what it need not have, and what is told no more for that."""

    outputs: Sequence[Output]
    let_go: Sequence[LetGo]


def changed_kind(endpoints: Sequence[Endpoint], statuses: Mapping[str, EndpointStatus]) -> str | None:
    """What is wrong where an endpoint is of another kind than what is stored of it; None: nothing is."""
    for each in endpoints:
        stored = statuses.get(each.id)
        if stored is not None and (was := stored.get("kind", each.kind)) != each.kind:
            return f"{each.id}: kind: what is stored of it was told to kind {was}; give this one another id"
    return None


def no_longer_named(
    endpoints: Sequence[Endpoint], names: Collection[str], standings: Mapping[Stand, Standing], now: int
) -> TakenOut:
    """What is to be taken out; `names`: of all endpoints of which anything but standings is stored.

    A file without any endpoint takes nothing out: it may be one that was not filled. Of a topic all partitions go, or
    stay with how far they are, where the webhook was told of contacts: once it is named again it goes on there, and is
    told who was erased. Whom it had still to forget waits for that, but not for ever.
    """
    if not endpoints:
        return TakenOut((), ())
    gone = sorted({*names} - {each.id for each in endpoints})
    outputs = [tombstone(key) for name in gone for key in (name, f"{name}/replay", f"{name}/replayed")]
    let_go = list[LetGo]()
    read = {(each.id, topic) for each in endpoints for topic in (*each.topics, CONTACT_STATE)}
    told = {stand[:2] for stand, standing in standings.items() if standing.told_of_contacts}
    told |= {(name, CONTACT_STATE) for name, _ in told}  # who is erased from now on is to be told of what was told
    for stand, standing in standings.items():
        if stand[:2] in read:
            continue
        kept = _still_to_forget(stand, standing, now) if stand[:2] in told else {}
        if stand[:2] not in told:
            outputs.append(tombstone("/".join(map(str, stand))))
        elif standing.said or len(kept) < len(standing.waits):
            outputs.append(standing_record(stand, replace(standing, waits=kept, said={})))
        let_go += _let_go(stand, standing, kept)
    return TakenOut(outputs, let_go)


def waiting_of(standings: Mapping[Stand, Standing]) -> Mapping[str, int]:
    """By endpoint how many records wait, of those for which any does."""
    found: dict[str, int] = {}
    for (name, *_), standing in standings.items():
        if standing.waits:
            found[name] = found.get(name, 0) + len(standing.waits)
    return found


def _still_to_forget(stand: Stand, standing: Standing, now: int) -> dict[int, Wait]:
    """`contact-state` is read for whoever is named again; of other topics' erasures it says the same."""
    if stand[1] != CONTACT_STATE:
        return {}
    oldest = now - FORGET_WITHIN_MS
    return {offset: wait for offset, wait in standing.waits.items() if wait.forgotten and wait.at >= oldest}


def _let_go(stand: Stand, standing: Standing, kept: Collection[int]) -> Iterable[LetGo]:
    name, topic, number = stand
    if gone := [offset for offset in standing.waits if offset not in kept]:
        yield LetGo(name, Place(TP(topic, number), gone[0]), standing.topic_id, len(gone))
