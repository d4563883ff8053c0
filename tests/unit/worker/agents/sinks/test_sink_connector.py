"""Both topics of a partition are looked at, whichever comes first and however long an answer takes.

A sink was whole at a moment once it has reached what was the end then, and not earlier.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import Completeness, Position
from sinks.memory import MemorySink
from streams.engine.runs import End
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.sink_connector import OVERDUE_MS, CompletenessMarks
from streams.worker.metrics import Metrics

BOTH = A, B = [TP(CONTACT_STATE, 0), TP(CONTACT_LINKS, 0)]


class AnsweringLater(MemorySink):
    """`touched`: the topics of which it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: list[str] = []

    async def touch(self, partition: int, position: Position) -> bool:
        await asyncio.sleep(0)
        self.touched.append(self.topic)
        return await super().touch(partition, position)


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["states first", "links first"])
async def test_neither_topic_is_passed_over_for_the_other(order: Sequence[TP]) -> None:
    sink, start = AnsweringLater(), Position("topic", 0)
    agent = ContactStateConnector(sink, cast(Any, None), 1, Metrics(CollectorRegistry()), lambda: 0)
    for tp in BOTH:
        await sink.reading(tp.topic).write(0, [], None, start)
        agent._stands_at(tp, start)
    await agent.watch(order)
    assert sorted(sink.touched) == [CONTACT_LINKS, CONTACT_STATE]


async def watched(ends: dict[TP, End], now: int = 1_000) -> MemorySink:
    """A sink after a look; it stands at 10 in both topics."""
    sink, position = MemorySink(), Position("topic", 10)
    agent = ContactStateConnector(sink, cast(Any, None), 4, Metrics(CollectorRegistry()), lambda: now)
    for tp in BOTH:
        await sink.reading(tp.topic).write(0, [], None, position)
        agent._stands_at(tp, position)
    await agent.watch(BOTH, ends)
    return sink


async def test_readers_are_told_how_long_ago_nothing_was_missing() -> None:
    sink = await watched({BOTH[0]: End(10, 900), BOTH[1]: End(7, 400)})
    assert sink.told_whole == {(CONTACT_STATE, 0): Completeness(100, 4), (CONTACT_LINKS, 0): Completeness(600, 4)}


async def test_nothing_is_told_while_something_is_to_come_or_its_end_is_not_known() -> None:
    assert (await watched({BOTH[0]: End(11, 900)})).told_whole == {}
    assert (await watched({})).told_whole == {}


def test_an_end_is_told_once_when_it_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert marks.reached(A, 9) is None
    assert marks.reached(A, 10) == End(10, 1000)
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 99) is None


def test_under_a_steady_load_the_end_of_a_moment_ago_is_reached() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    marks.note({A: End(20, 2000)})
    assert marks.reached(A, 15) == End(10, 1000)
    marks.note({A: End(30, 3000)})
    assert marks.reached(A, 25) is None
    assert marks.reached(A, 30) == End(30, 3000)


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000), B: End(10, 1000)})
    marks.note({B: End(20, 2000)})
    assert marks.reached(A, 10) is None
    assert marks.reached(B, 10) == End(10, 1000)


def test_only_an_end_beyond_the_sink_is_overdue() -> None:
    marks = CompletenessMarks()
    marks.note({A: End(10, 1000)})
    assert not marks.is_overdue(A, 9, 1000 + OVERDUE_MS)
    assert marks.is_overdue(A, 9, 1001 + OVERDUE_MS)
    assert not marks.is_overdue(A, 10, 10**12)
    assert not marks.is_overdue(B, 0, 10**12)
