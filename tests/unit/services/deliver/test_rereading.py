"""What is read again of topics, without a broker."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import orjson
import pytest
from faust.types import TP

from events.topics import CONTACT_ALERTS, CONTACT_STATE, SEGMENT_CHANGES
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait, line_of
from streams.engine.changelog import PartitionReader
from streams.services.deliver.beginning import erased_meanwhile
from streams.services.deliver.rereading import erasures_since

STATES, ALERTS, CHANGES = TP(CONTACT_STATE, 0), TP(CONTACT_ALERTS, 0), TP(SEGMENT_CHANGES, 0)


class Held(NamedTuple):
    topic: str
    key: bytes
    value: bytes | None
    timestamp: int
    offset: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class Run(NamedTuple):
    records: Sequence[Held]
    next_offset: int


class Topics:
    """Reads what some partitions hold."""

    def __init__(self, held: Mapping[TP, Sequence[Held]]) -> None:
        self._held = held

    async def start_of(self, tp: TP) -> int:
        return 0

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 0)

    async def end_of(self, tp: TP) -> int:
        return max((record.offset + 1 for record in self._held.get(tp, ())), default=0)

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return {tp: await self.end_of(tp) for tp in tps}

    async def offsets_not_after(self, tps: Sequence[TP], at: int) -> dict[TP, int]:
        if at < 0:  # as aiokafka does
            raise ValueError(at)
        return {
            tp: min(
                (record.offset for record in self._held.get(tp, ()) if record.timestamp >= at),
                default=await self.end_of(tp),
            )
            for tp in tps
        }

    async def runs(self, tp: TP, start: int, end: int) -> AsyncIterator[Run]:
        if start < end:
            yield Run([record for record in self._held.get(tp, ()) if record.offset >= start], await self.end_of(tp))


def reader(held: Mapping[TP, Sequence[Held]]) -> PartitionReader:
    return cast(PartitionReader, Topics(held))


def alert(name: str, rule: str, at: int, offset: int) -> Held:
    return Held(CONTACT_ALERTS, name.encode(), orjson.dumps({"rule": rule}), at, offset)


async def test_who_was_erased_and_came_again_is_known_by_the_receipt() -> None:
    came_again = Held(CONTACT_STATE, b"ada", b'{"contact_id":"ada"}', 3_000, 9)
    null = Held(CONTACT_STATE, b"eve", None, 2_100, 8, [("reason", b"erased")])
    merged = Held(CONTACT_STATE, b"ben", None, 2_100, 7, [("reason", b"merged")])
    receipts = [
        alert("ann", "erased", 900, 0),
        alert("ada", "erased", 2_000, 1),
        alert("bob", "over_cap", 2_001, 2),
        alert("eve", "erased", 2_099, 3),
        Held(CONTACT_ALERTS, b"x", b'"erased"', 2_100, 4),
        Held(CONTACT_ALERTS, b"x", b"erased", 2_100, 5),
    ]
    found = await erasures_since(
        reader({STATES: [merged, null, came_again], ALERTS: receipts}), 1_000, {CONTACT_STATE: 1, CONTACT_ALERTS: 1}
    )
    assert found == {line_of(b"ada"): 2_000, line_of(b"eve"): 2_100}


@pytest.mark.parametrize("unread", [0, 1])
async def test_whom_an_endpoint_has_still_to_forget_was_erased_whatever_topics_say(unread: int) -> None:
    table: dict[str, Any] = {"id": "app", "kind": "webhook", "url": "https://e.example", "secrets": ["env:E"]}
    app = Endpoint.model_validate({**table, "topics": [SEGMENT_CHANGES]})
    standings = {
        CHANGES: Standing("t", 1 - unread),
        STATES: Standing("t", 10, {3: Wait(4, 0, line_of(b"ada"), 2_000, True, "ada")}, True),
    }
    held = {CHANGES: [Held(SEGMENT_CHANGES, b"ada", b"{}", 1_000)]}
    topics = {SEGMENT_CHANGES: ("t", 1), CONTACT_STATE: ("t", 1), CONTACT_ALERTS: ("t", 1)}
    found = await erased_meanwhile(app, topics, standings, reader(held), 3_000)
    assert found == {line_of(b"ada"): 2_000}
