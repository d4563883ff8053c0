"""What is told once more, without a broker."""

from collections.abc import AsyncIterator

from faust.types import TP

from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.replaying import Dead, take_in

CHANGES = TP("segment-changes", 0)


async def test_what_is_read_again_anyway_or_is_too_old_to_know_who_was_erased_is_not_taken_in() -> None:
    table = {"id": "e", "kind": "webhook", "url": "https://e.example", "topics": ["segment-changes"]}
    backlog = Backlog(Endpoint.model_validate({**table, "secrets": ["env:E"]}))
    backlog.begin({CHANGES: Standing("t", 10)}, ())

    async def dead() -> AsyncIterator[Dead]:
        for offset, at in ((7, 100), (8, 99), (10, 100)):
            yield Dead(offset, Place(CHANGES, offset), "t", Wait(0, 0, "l", at))
        yield Dead(9, Place(CHANGES, 9), "t", Wait(0, 0, "m", 99, tells_erasure=True))

    assert await take_in(backlog, dead(), 100) is None
    assert [*backlog.standings[CHANGES].waits] == [7, 9]
