"""Two topics speak of one contact: what the sink holds in the end is what both of them say, whichever comes first."""

import asyncio

from sinks.base import StoredContact
from sinks.memory import MemorySink
from tests.integration.engine.feed import Feed


async def test_an_absorbed_contact_is_marked_and_one_that_stands_alone_again_is_not(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.linked(("a", 1, "s"), ("b", 1, "s")))
    await agent(await feed.linked(("a", 2, "t")))
    assert feed.sink.contacts == {"a": StoredContact(2, merged_into="t"), "b": StoredContact(1, merged_into="s")}

    await agent(await feed.linked(("a", 3, None)))

    assert feed.sink.contacts == {"b": StoredContact(1, merged_into="s")}


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


async def test_a_sink_is_cleared_once_for_both_topics(feed: Feed) -> None:
    await feed.said({"s": 1})
    await feed.linked(("a", 1, "s"))

    agent = feed.agent()
    for _ in range(2):
        await agent.watch([feed.tp, feed.links])

    assert feed.calls.count("clear") == 1
    assert feed.held() == {"a": 1, "s": 1}


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


async def test_when_the_topic_of_links_is_made_anew_what_the_old_one_said_is_gone(feed: Feed) -> None:
    agent = feed.agent()
    await agent(await feed.said({"s": 1}))
    await agent(await feed.linked(("a", 1, "s"), ("b", 1, "s"), ("c", 1, "s")))
    await feed.make_anew(feed.links)

    await feed.agent()(await feed.linked(("new", 1, "s")))

    assert feed.held() == {"new": 1, "s": 1}


async def test_only_profiles_are_observed_to_arrive(feed: Feed) -> None:
    await feed.agent()(await feed.linked(("a", 1, "s")))

    assert feed.sample("harmonia_end_to_end_seconds_count", sink="redis") in (None, 0)


async def test_two_workers_that_both_believe_to_own_the_partition_leave_out_no_link(feed: Feed) -> None:
    first, second = feed.agent(), feed.agent()
    for version in range(1, 5):
        said = await feed.said({"s": version})
        linked = await feed.linked(("a", version, "s" if version % 2 else None), (f"c{version}", 1, "s"))
        await asyncio.wait_for(asyncio.gather(first(linked), second(said), first(said), second(linked)), 20)

    assert feed.held() == {"s": 4, "c1": 1, "c2": 1, "c3": 1, "c4": 1}
    assert await MemorySink.position(feed.sink, 0) is not None
