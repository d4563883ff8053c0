"""A sink, or its topic, that is not what it was: what it holds in the end is what the topic says."""

import asyncio

from sinks.base import Position
from tests.integration.engine.feed import Feed


async def test_a_topic_that_was_made_anew_fills_the_sink_anew(feed: Feed) -> None:
    """The sink stands further than the topic reaches, and what it holds is of another topic."""
    for version in range(1, 6):
        await feed.agent()(await feed.said({"old": version}))
    await feed.make_anew()

    await feed.agent()(await feed.said({"new": 1}))

    assert feed.held() == {"new": 1}
    assert await feed.stands_at_the_end()


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


async def test_a_sink_that_is_away_at_first_is_filled_when_it_comes(feed: Feed) -> None:
    feed.sink.be_away(3)

    await asyncio.wait_for(feed.agent()(await feed.said({"a": 1})), 5)

    assert feed.held() == {"a": 1}


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


async def test_two_workers_that_both_believe_to_own_the_partition_leave_nothing_out(feed: Feed) -> None:
    first, second = feed.agent(), feed.agent()
    for version in range(1, 5):
        chunk = await feed.said({"a": version, f"c{version}": 1})
        await asyncio.wait_for(
            asyncio.gather(first(chunk), second(chunk), first.watch([feed.tp]), second.watch([feed.tp])), 10
        )

    assert feed.held() == {"a": 4, "c1": 1, "c2": 1, "c3": 1, "c4": 1}
    assert await feed.stands_at_the_end()
