"""What the sink is missing is read from the topic, whole or again from the start."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from sinks.base import StoredContact
from sinks.memory import MemorySink
from streams.engine.changelog import PartitionReader
from streams.engine.runs import Run
from streams.platform.errors import MissingTopic
from streams.worker.agents.sinks import former_topics
from streams.worker.agents.sinks.former_topics import passing_over_missing_topics
from tests.integration.engine.feed import Feed
from tests.integration.waiting import PATIENCE_S


@pytest.mark.parametrize("is_looked_at", [True, False])
async def test_a_catch_up_that_breaks_off_is_begun_again_by_a_look_or_the_next_chunk(
    feed: Feed, monkeypatch: pytest.MonkeyPatch, *, is_looked_at: bool
) -> None:
    """An older dump of the sink came back, and the broker went away while it was being filled up to now."""
    agent = feed.agent()
    await agent(await feed.said({"a": 1}))
    dump, stood = dict(feed.sink.contacts), await MemorySink.position(feed.sink, 0)
    await agent(await feed.said({"b": 1}))
    await agent(await feed.said({"c": 1}))
    feed.restore(dump)
    assert stood is not None
    await feed.move(stood)
    with monkeypatch.context() as broken:
        breaks_off_after(broken, records=1)
        with pytest.raises(KafkaConnectionError):
            await agent.watch([feed.tp])

    if is_looked_at:
        await agent.watch([feed.tp])
    else:
        await agent(await feed.said({"d": 1}))

    assert feed.held() == {"a": 1, "b": 1, "c": 1} | ({} if is_looked_at else {"d": 1})


async def test_a_sink_that_is_moved_on_meanwhile_is_not_cleared(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker writes more while this one asks for the end of the topic."""
    await feed.agent()(await feed.said({"a": 1}))
    slow, other = feed.agent(), feed.agent()
    end_of = PartitionReader.end_of

    async def overtaken(reader: PartitionReader, tp: TP) -> int:
        end = await end_of(reader, tp)
        monkeypatch.setattr(PartitionReader, "end_of", end_of)
        await other(await feed.said({"b": 1}))
        return end

    monkeypatch.setattr(PartitionReader, "end_of", overtaken)
    await slow.watch([feed.tp])

    assert feed.calls.count("clear") == 1  # the very first filling
    assert feed.held() == {"a": 1, "b": 1}


async def test_a_longer_topic_of_the_same_name_is_read_from_its_start_once_it_was_asked_for(feed: Feed) -> None:
    """Its next record follows on the last one of the old topic, so nothing but the topic's id tells that it is new."""
    agent = feed.agent()
    await agent(await feed.said({"old": 1}))
    await feed.make_anew()
    for name in ("first", "second", "third"):
        await feed.said({name: 1})

    await agent.forget_former_topics()
    await agent.watch([feed.tp])

    assert feed.held() == {"first": 1, "second": 1, "third": 1}


@pytest.mark.parametrize("is_watched", [False, True])
async def test_a_chunk_of_a_deleted_topic_is_not_written_once_the_topic_is_made_anew(
    feed: Feed, *, is_watched: bool
) -> None:
    agent = feed.agent()
    await agent(await feed.said({"old": 1}))
    for version in range(2, 6):
        late = await feed.said({"older": version})
    await feed.make_anew()
    following = await feed.said({"new": 1}, generation=2)
    await agent.forget_former_topics()
    if is_watched:
        await agent.watch([feed.tp])

    await agent(late)
    assert feed.held() == {"new": 1}

    await agent(following)
    await agent(await feed.said({"new": 2}, generation=2))
    assert feed.held() == {"new": 2}
    assert await feed.stands_at_the_end()


async def test_a_catch_up_does_not_wait_for_the_end_of_a_topic_that_was_made_anew(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had asked for the end of the old one, which was longer."""
    monkeypatch.setattr(former_topics, "STILL_S", 0.05)
    agent = feed.agent()
    for version in range(1, 4):
        await feed.said({"old": version})
    end_of = PartitionReader.end_of

    async def outlived(reader: PartitionReader, tp: TP) -> int:
        end = await end_of(reader, tp)
        monkeypatch.setattr(PartitionReader, "end_of", end_of)
        await feed.make_anew()
        await feed.said({"new": 1})
        return end

    monkeypatch.setattr(PartitionReader, "end_of", outlived)
    async with asyncio.timeout(PATIENCE_S):
        await agent.watch([feed.tp])
        await agent.watch([feed.tp])

    assert feed.held() == {"new": 1}
    assert await feed.stands_at_the_end()


async def test_a_chunk_after_one_that_could_not_be_written_leaves_nothing_out(feed: Feed) -> None:
    """Before it tells that somebody stands alone it wants to know where `contact-state` ends, which is not there."""
    agent = feed.agent()
    await agent(await feed.linked(("a", 1, "s"), ("b", 1, "s")))
    lost, next_one = await feed.linked(("a", 2, None)), await feed.linked(("b", 2, "t"))
    await feed.close()
    feed.cluster.delete(feed.tp.topic)
    with pytest.raises(MissingTopic):
        await agent(lost)
    feed.cluster.remake(feed.tp.topic)

    await agent(next_one)

    assert feed.sink.contacts == {"b": StoredContact(2, merged_into="t")}


async def test_a_chunk_that_was_passed_over_for_lack_of_a_topic_is_read_by_the_next_look(feed: Feed) -> None:
    """Nothing else comes, and nobody compares topics yet."""
    agent = feed.agent()
    await agent(await feed.linked(("a", 1, "s"), ("b", 1, "s")))
    lost = await feed.linked(("a", 2, None))
    await feed.close()
    feed.cluster.delete(feed.tp.topic)
    await passing_over_missing_topics(agent)(lost)
    assert feed.sink.contacts == {name: StoredContact(1, merged_into="s") for name in "ab"}
    feed.cluster.remake(feed.tp.topic)

    await agent.watch([feed.tp, feed.links])

    assert feed.sink.contacts == {"b": StoredContact(1, merged_into="s")}


def breaks_off_after(monkeypatch: pytest.MonkeyPatch, records: int) -> None:
    """Readers bring so many records, and then the broker is away."""
    runs = PartitionReader.runs

    async def broken(reader: PartitionReader, tp: TP, start: int, end: int) -> AsyncIterator[Run]:
        async for run in runs(reader, tp, start, end):
            few = run.records[:records]
            yield Run(tp, few, few[-1].offset + 1, run.generation)
            raise KafkaConnectionError

    monkeypatch.setattr(PartitionReader, "runs", broken)
