"""What is stored of endpoints and topics that the file no longer names: it is taken out, or says only who was told."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from events.deliveries import EndpointStatus
from events.topics import CONTACT_STATE
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing
from streams.engine.writer import Output
from streams.services.deliver.journal import Stand, standing_record, tombstone


def changed_kind(endpoints: Sequence[Endpoint], statuses: Mapping[str, EndpointStatus]) -> str | None:
    """What is wrong where an endpoint is of another kind than what is stored of it; None: nothing is."""
    for each in endpoints:
        stored = statuses.get(each.id)
        if stored is not None and (was := stored.get("kind", each.kind)) != each.kind:
            return f"{each.id}: kind: what is stored of it was told to kind {was}; give this one another id"
    return None


def no_longer_named(
    endpoints: Sequence[Endpoint], names: Collection[str], standings: Mapping[Stand, Standing]
) -> Iterator[Output]:
    """The records that take out what is stored; `names`: of all endpoints of which anything but standings is.

    That a webhook was told of contacts stays, with how far it was: it is told who was erased once it is named again.
    """
    for name in sorted({*names} - {each.id for each in endpoints}):
        yield from (tombstone(key) for key in (name, f"{name}/replay", f"{name}/replayed"))
    read = {(each.id, topic) for each in endpoints for topic in (*each.topics, CONTACT_STATE)}
    for stand, standing in standings.items():
        if stand[:2] in read:
            continue
        if not standing.told_of_contacts:
            yield tombstone("/".join(map(str, stand)))
        elif standing.waits or standing.said:
            yield standing_record(stand, replace(standing, waits={}, said={}))
