"""From a real `contact-state` to a sink that keeps its own position."""

import asyncio

import pytest

from tests.integration.engine.feed import Feed


async def test_chunks_are_written_in_order(feed: Feed) -> None:
    agent = feed.agent()
    for versions in ({"a": 1, "b": 1}, {"a": 2}, {"b": 2, "c": 1}):
        await agent(await feed.said(versions))

    assert feed.held() == {"a": 2, "b": 2, "c": 1}
    assert await feed.stands_at_the_end()
    assert feed.calls.count("clear") == 1


async def test_the_first_chunk_of_all_brings_what_came_before_it(feed: Feed) -> None:
    await feed.said({"a": 1})
    await feed.said({"b": 1})

    await feed.agent()(await feed.said({"c": 1}))

    assert feed.held() == {"a": 1, "b": 1, "c": 1}
    assert feed.refills() == 1


async def test_later_chunks_are_written_without_a_look_at_the_topic(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"a": 1}))
    feed.calls.clear()

    await agent(await feed.said({"a": 2}))

    assert feed.calls == ["write"]


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


async def test_an_older_chunk_that_comes_again_does_not_move_the_sink_back(feed: Feed) -> None:
    older = await feed.said({"a": 1})
    agent = feed.agent()
    await agent(await feed.said({"a": 2}))

    await agent(older)

    assert feed.held() == {"a": 2}
    assert await feed.stands_at_the_end()


async def test_a_partition_that_was_flushed_is_filled_again_by_the_next_chunk(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"a": 1, "b": 1}))
    feed.sink.flush()

    await agent(await feed.said({"c": 1}))

    assert feed.held() == {"a": 1, "b": 1, "c": 1}


async def test_a_new_worker_watches_a_sink_that_has_everything_by_touching_it(feed: Feed) -> None:
    """An untouched position grows old, and an old one is cleared: all for a partition where nothing happens."""
    await feed.agent()(await feed.said({"a": 1}))
    agent = feed.agent()
    await agent.watch([feed.tp])
    feed.calls.clear()

    await agent.watch([feed.tp])

    assert feed.calls == ["touch"]


async def test_a_partition_without_records_is_watched_in_peace(feed: Feed) -> None:
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

    assert feed.sample("harmonia_end_to_end_seconds_count", sink="redis") == 2
    assert feed.sample("harmonia_end_to_end_seconds_sum", sink="redis") == pytest.approx(2 * 1.5)
