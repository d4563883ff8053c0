"""`campaign-holds` is deleted and made anew under a worker: Redis gets what the new topic says, and nothing waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.holds import HoldsSink
from sinks.keys import HOLDS, position_key
from streams.engine.changelog import PartitionReader
from streams.engine.runs import End, Run
from streams.local.stack import Stack
from streams.platform.clients import redis_client
from streams.platform.settings import Settings
from streams.worker.agents.sinks import campaign_holds, former_topics
from streams.worker.agents.sinks.campaign_holds import CampaignHoldsAgent
from streams.worker.agents.sinks.former_topics import passing_over_missing_topics
from streams.worker.metrics import Metrics
from tests.integration.engine.cluster import Cluster
from tests.integration.waiting import PATIENCE_S

NOW = 1_329_904_800_000
FOR_EVER = b"{}"


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    client = redis_client(Settings.model_validate(stack.environment))
    await client.delete(HOLDS, position_key(0, CAMPAIGN_HOLDS))
    yield client
    await client.delete(HOLDS, position_key(0, CAMPAIGN_HOLDS))
    await client.aclose()


@pytest.fixture
async def place(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> TP:
    """A topic of one's own, with three campaigns on hold: `0`, `1` and `2`."""
    place = cluster.make_partition(CAMPAIGN_HOLDS)
    monkeypatch.setattr(campaign_holds, "CAMPAIGN_HOLDS", place.topic)
    monkeypatch.setattr(campaign_holds, "PLACE", place)
    monkeypatch.setattr(former_topics, "STILL_S", 0.05)
    await cluster.put(place, [FOR_EVER] * 3)
    return place


def agent_of(cluster: Cluster, redis: Redis) -> CampaignHoldsAgent:
    return CampaignHoldsAgent(HoldsSink(redis), cluster.kafka, Metrics(CollectorRegistry()), lambda: NOW)


async def on_hold(redis: Redis) -> set[bytes | str]:
    found: dict[bytes | str, bytes | str] = await redis.hgetall(HOLDS)
    return {*found}


async def make_anew(cluster: Cluster, place: TP) -> None:
    """With one campaign on hold, `0`."""
    cluster.delete(place.topic)
    cluster.remake(place.topic)
    await cluster.put(place, [FOR_EVER])


async def test_the_end_of_a_former_topic_is_not_waited_for(
    cluster: Cluster, redis: Redis, place: TP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had asked for the end of the old one, which was longer."""
    end_of = PartitionReader.end_of

    async def outlived(reader: PartitionReader, tp: TP) -> int:
        end = await end_of(reader, tp)
        monkeypatch.setattr(PartitionReader, "end_of", end_of)
        await make_anew(cluster, place)
        return end

    monkeypatch.setattr(PartitionReader, "end_of", outlived)
    agent = agent_of(cluster, redis)
    async with asyncio.timeout(PATIENCE_S):
        await agent.watch([place], {})

    assert await on_hold(redis) == {b"0"}
    assert await redis.hget(position_key(0, CAMPAIGN_HOLDS), "topic_id") == cluster.topic_id(place.topic).encode()


async def test_a_chunk_that_was_passed_over_for_lack_of_the_topic_is_read_by_the_next_look(
    cluster: Cluster, redis: Redis, place: TP
) -> None:
    """The new topic is shorter, so that nothing in it seems to be new."""
    agent = agent_of(cluster, redis)
    await agent.watch([place], {})
    assert await on_hold(redis) == {b"0", b"1", b"2"}
    cluster.delete(place.topic)
    await passing_over_missing_topics(agent)(Run(place, (), 4, 1))
    cluster.remake(place.topic)
    await cluster.put(place, [FOR_EVER])

    await agent.watch([place], {place: End(1, NOW)})

    assert await on_hold(redis) == {b"0"}
