"""A topic that is away, or another one than before, ends no worker and is not waited for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest
from faust.types import TP

from events.topics import CONTACT_STATE
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.runs import Run
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, HiddenTopic, MissingTopic
from streams.platform.settings import Settings
from streams.worker.agents.sinks import former_topics
from streams.worker.agents.sinks.former_topics import runs_of_same_topic
from streams.worker.agents.spec import AgentSpec, BuiltAgent
from streams.worker.app import _add

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1")
PLACE = TP(CONTACT_STATE, 0)
SINK = cast(Any, object())


async def stopped_by(error: EngineError, sink: Any) -> list[int]:
    """With what the process of a worker ends where an agent, of this sink, raises this at its first chunk."""
    stopped: list[int] = []
    app = ChunkApp(SETTINGS, KafkaClients(SETTINGS), lambda _: None, stopped.append)
    begun = asyncio.Event()

    async def process(_: Run) -> None:
        begun.set()
        raise error

    _add(app, AgentSpec("redis", lambda _: BuiltAgent(process, sink)), cast(Any, None))
    app.lanes.open(1)
    [agent] = app.agents.values()
    await cast(Any, agent).fun(fetched(Run(PLACE, (), 5, 1)))
    await asyncio.wait_for(begun.wait(), 5)
    await app.lanes.settle()
    return stopped


async def fetched(*runs: Run) -> AsyncIterator[Sequence[Run]]:
    """What a fetch brings an agent."""
    yield runs


async def test_a_topic_that_is_away_when_a_chunk_is_to_be_written_to_a_sink_ends_no_worker() -> None:
    """It may be about to be made, and what is known to be in the sink is asked for again."""
    missing = MissingTopic("there is no topic contact-state")
    assert await stopped_by(missing, SINK) == []
    assert await stopped_by(missing, None) == [EXIT_FAIL_STOP]
    for error in (EngineError("something else"), HiddenTopic("this user may not see the topic contact-state")):
        assert await stopped_by(error, SINK) == [EXIT_FAIL_STOP]


@pytest.mark.parametrize("same_for", [0, 2])
async def test_runs_that_do_not_come_are_waited_for_as_long_as_the_topic_is_the_same(
    monkeypatch: pytest.MonkeyPatch, same_for: int
) -> None:
    monkeypatch.setattr(former_topics, "STILL_S", 0.001)
    first, asked, ended = Run(PLACE, (), 5, -1), 0, asyncio.Event()

    async def waiting() -> AsyncIterator[Run]:
        yield first
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def is_same() -> bool:
        nonlocal asked
        asked += 1
        return asked <= same_for

    async with asyncio.timeout(5):
        found = [run async for run in runs_of_same_topic(waiting(), is_same)]
    assert found == [first]
    assert asked == same_for + 1
    assert ended.is_set()
