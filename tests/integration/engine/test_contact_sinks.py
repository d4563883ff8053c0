"""From real topics to a sink that keeps its own positions: what it holds in the end is what the topics say.

Two topics speak of one contact, whichever comes first, and neither the sink nor a topic may be what it was.
"""

import asyncio

import pytest

from sinks.base import Position
from sinks.memory import MemorySink
from tests.integration.engine.feed import Feed


async def test_the_first_chunk_of_all_brings_what_came_before_it(feed: Feed) -> None:
    await feed.said({"a": 1})
    await feed.said({"b": 1})

    await feed.agent()(await feed.said({"c": 1}))

    assert feed.held() == {"a": 1, "b": 1, "c": 1}
    assert feed.refills() == 1


async def test_a_gap_after_a_rebalance_is_filled(feed: Feed) -> None:
    """Another worker had the partition for a while, and died before it had written all of it."""
    agent = feed.agent()
    await agent(await feed.said({"a": 1}, generation=1))
    await feed.said({"b": 1}, generation=2)

    await agent(await feed.said({"c": 1}, generation=3))

    assert feed.held() == {"a": 1, "b": 1, "c": 1}
    assert feed.refills() == 1


async def test_what_another_worker_has_written_is_not_written_again(feed: Feed) -> None:
    former, latter = feed.agent(), feed.agent()
    await former(await feed.said({"a": 1}, generation=1))
    await latter(await feed.said({"b": 1}, generation=2))

    await former(await feed.said({"c": 1}, generation=3))

    assert feed.held() == {"a": 1, "b": 1, "c": 1}
    assert feed.refills() == 1


async def test_a_chunk_that_the_sink_has_comes_again_without_harm(feed: Feed) -> None:
    """A worker was killed between its write and its commit: the next one is given the chunk again."""
    chunk = await feed.said({"a": 1})
    await feed.agent()(chunk)

    await asyncio.wait_for(feed.agent()(chunk), 5)

    assert feed.held() == {"a": 1}
    assert feed.refills() == 1


async def test_a_new_worker_watches_a_sink_that_has_everything_by_touching_it(feed: Feed) -> None:
    """An untouched position grows old, and an old one is cleared: all for a partition where nothing happens."""
    await feed.agent()(await feed.said({"a": 1}))
    agent = feed.agent()
    await agent.watch([feed.tp])
    feed.calls.clear()

    await agent.watch([feed.tp])

    assert feed.calls == ["touch"]


async def test_chunks_of_aborted_transactions_reach_no_sink(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"a": 1}))
    await feed.said_in_vain({"a": 666, "b": 666})
    feed.calls.clear()

    await agent(await feed.said({"c": 1}))

    assert feed.held() == {"a": 1, "c": 1}
    assert feed.calls == ["write"]  # within a generation a gap in the offsets is no gap


async def test_the_time_to_the_sink_is_observed_once_a_profile(feed: Feed) -> None:
    await feed.agent()(await feed.said({"a": 1, "b": 1}))
    await feed.agent()(await feed.linked(("a", 1, "s")))

    assert feed.sample("harmonia_end_to_end_seconds_count", sink="redis") == 2
    assert feed.sample("harmonia_end_to_end_seconds_sum", sink="redis") == pytest.approx(2 * 1.5)


async def test_each_topic_goes_on_where_the_sink_stands_in_it(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"s": 1}))
    await agent(await feed.linked(("a", 1, "s")))
    feed.calls.clear()

    await agent(await feed.linked(("b", 1, "s")))
    await agent(await feed.said({"s": 2}))

    assert feed.calls == ["write", "write"]
    assert feed.held() == {"a": 1, "b": 1, "s": 2}


async def test_a_flushed_sink_gets_both_topics_again_without_any_traffic(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"s": 1, "b": 2}))
    await agent(await feed.linked(("a", 1, "s"), ("b", 1, "s"), ("b", 2, None)))
    there = dict(feed.sink.contacts)
    feed.sink.flush()

    for _ in range(2):
        await agent.watch([feed.tp, feed.links])

    assert feed.sink.contacts == there
    feed.calls.clear()
    await agent.watch([feed.tp, feed.links])
    assert feed.calls == ["touch", "touch"]


async def test_a_worker_whose_first_chunk_is_one_of_links_fills_the_sink_with_both(feed: Feed) -> None:
    await feed.said({"s": 1})

    await feed.agent()(await feed.linked(("a", 1, "s")))

    assert feed.held() == {"a": 1, "s": 1}
    assert feed.calls.count("clear") == 1


async def test_what_was_said_before_somebody_stood_alone_again_comes_before_it_also_if_it_is_late(feed: Feed) -> None:
    """Nothing is left of such a contact, so nothing could tell that the record which absorbed it is old."""
    agent = feed.agent()
    await agent(await feed.said({"s": 1}))
    await agent(await feed.linked(("x", 1, "s")))
    late = [await feed.said({"a": 1}), await feed.absorbed("a", 2, "s")]

    await agent(await feed.linked(("a", 2, "s"), ("a", 3, None)))
    for chunk in late:
        await agent(chunk)

    assert feed.held() == {"s": 1, "x": 1}


async def test_a_sink_that_goes_away_between_the_topics_misses_nothing_of_either(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"s": 1}))
    await feed.said({"a": 1})
    await feed.absorbed("a", 2, "s")
    feed.sink.lose_answers("write", 1)
    feed.sink.be_away(2)

    await asyncio.wait_for(agent(await feed.linked(("a", 2, "s"), ("a", 3, None), ("b", 1, "s"))), 10)

    assert feed.held() == {"b": 1, "s": 1}


async def test_two_workers_that_both_believe_to_own_the_partition_leave_out_no_link(feed: Feed) -> None:
    first, second = feed.agent(), feed.agent()
    for version in range(1, 5):
        said = await feed.said({"s": version})
        linked = await feed.linked(("a", version, "s" if version % 2 else None), (f"c{version}", 1, "s"))
        await asyncio.wait_for(asyncio.gather(first(linked), second(said), first(said), second(linked)), 20)

    assert feed.held() == {"s": 4, "c1": 1, "c2": 1, "c3": 1, "c4": 1}
    assert await MemorySink.position(feed.sink, 0) is not None


async def test_a_topic_that_was_made_anew_is_told_by_its_id_once_it_is_longer_than_the_old_one(feed: Feed) -> None:
    await feed.agent()(await feed.said({"old": 1}))
    await feed.make_anew()
    for version in range(1, 4):
        chunk = await feed.said({"new": version})

    await feed.agent()(chunk)

    assert feed.held() == {"new": 3}
    assert await feed.stands_at_the_end()


async def test_a_position_beyond_the_end_is_not_believed(feed: Feed) -> None:
    """A dump of the sink was restored that is younger than the topic's."""
    await feed.agent()(await feed.said({"a": 1}))
    topic_id = feed.topic_id()
    await feed.move(Position(topic_id, 1_000))

    await feed.agent()(await feed.said({"b": 1}))

    assert feed.held() == {"a": 1, "b": 1}
    assert feed.refills() == 2


async def test_an_answer_that_was_lost_loses_no_contact(feed: Feed) -> None:
    """The sink has taken the chunk and says that it is away."""
    agent = feed.agent()
    await agent(await feed.said({"a": 1}))
    feed.sink.lose_answers("write", 1)

    await asyncio.wait_for(agent(await feed.said({"a": 2, "b": 1})), 5)

    assert feed.held() == {"a": 2, "b": 1}
    assert (feed.refills(), feed.errors()) == (1, 1)


async def test_a_sink_that_is_away_for_a_while_is_waited_for(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"a": 1}))
    feed.sink.be_away(5)

    await asyncio.wait_for(agent(await feed.said({"a": 2})), 5)

    assert feed.held() == {"a": 2}
    assert feed.errors() == 5


async def test_a_partition_that_was_cleared_in_part_is_cleared_again_before_it_is_filled(feed: Feed) -> None:
    """What is left of the old contacts would otherwise stay for ever: nobody would ever write over it."""
    await feed.agent()(await feed.said({"old": 5, "older": 5}))
    await feed.make_anew()
    feed.sink.clear_in_part(1)

    await asyncio.wait_for(feed.agent()(await feed.said({"new": 1})), 5)

    assert feed.held() == {"new": 1}


async def test_a_lost_answer_to_a_clear_is_asked_for_again(feed: Feed) -> None:
    await feed.said({"a": 1})
    feed.sink.lose_answers("clear", 1)

    await asyncio.wait_for(feed.agent()(await feed.said({"b": 1})), 5)

    assert feed.held() == {"a": 1, "b": 1}
