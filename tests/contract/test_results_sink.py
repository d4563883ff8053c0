"""What the sink of experiments' results must do, and what readers find of it in Redis."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from events.topics import EXPERIMENT_RESULTS
from sinks.base import Completeness, Position, SinkUnavailable
from sinks.keys import position_key
from sinks.lookup import Complete, Incomplete
from sinks.results import CALL_BYTES, ResultChange, ResultsReader, ResultsSink
from tests.budgets import shares_fixtures
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, TOPIC, at
from tests.contract.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("prefix")
PARTITIONS = 4
IDS = st.sampled_from("abcü")


def said(name: str, number: int = 1) -> ResultChange:
    return ResultChange(name, b'{"n": %d}' % number, b'{"line": %d}' % number)


def gone(name: str) -> ResultChange:
    return ResultChange(name)


CHANGES = st.lists(st.one_of(st.builds(said, IDS, st.integers(0, 3)), st.builds(gone, IDS)))


class Bench:
    """A sink of results on Redis, and what is seen behind its back."""

    def __init__(self, sink: ResultsSink, client: Redis) -> None:
        self.sink = sink
        self._client = client

    async def held(self) -> Mapping[str, tuple[bytes, bytes]]:
        """By experiment, value and line."""
        reader = ResultsReader(self._client, 3600.0)
        lines = (await reader.all()).lines
        values = {name: (await reader.one(name)).value for name in lines}
        keys = {key.decode() async for key in self._client.scan_iter("experiment:*")}
        assert keys == {f"experiment:{name}" for name in lines}
        return {name: (value, lines[name]) for name, value in values.items() if value is not None}

    async def flush(self) -> None:
        await self._client.flushall()

    async def age(self, partition: int, seconds: float) -> None:
        key = position_key(partition, EXPERIMENT_RESULTS)
        await self._client.hincrby(key, "written_at", -round(seconds * 1000))


@pytest.fixture
async def results(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[ResultsSink]:
    sink = ResultsSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    yield sink
    await sink.close()


class TestResultsSink:
    @pytest.fixture
    def bench(self, results: ResultsSink, redis_client: Redis) -> Bench:
        return Bench(results, redis_client)

    async def test_a_batch_moves_the_position_with_its_data(self, bench: Bench) -> None:
        assert await bench.sink.position(0) is None
        assert await bench.sink.write(0, [said("x12"), said("grüße / 1")], None, at(2))
        assert await bench.sink.position(0) == at(2)
        assert await bench.held() == dict.fromkeys(("x12", "grüße / 1"), (b'{"n": 1}', b'{"line": 1}'))

    async def test_the_later_result_counts_and_a_null_deletes_it(self, bench: Bench) -> None:
        assert await bench.sink.write(0, [said("a"), said("b"), said("a", 2)], None, at(3))
        assert await bench.sink.write(0, [gone("b"), gone("never known")], at(3), at(5))
        assert await bench.held() == {"a": (b'{"n": 2}', b'{"line": 2}')}

    async def test_a_batch_from_another_position_writes_nothing(self, bench: Bench) -> None:
        assert await bench.sink.write(0, [said("a")], None, at(1))
        for wrong in (None, at(2), Position("another", 1)):
            assert not await bench.sink.write(0, [said("b")], wrong, at(9))
        assert (await bench.held()).keys() == {"a"}
        assert await bench.sink.position(0) == at(1)

    async def test_a_position_that_is_too_old_counts_for_nothing_until_it_was_cleared(self, bench: Bench) -> None:
        assert await bench.sink.write(0, [said("a")], None, at(1))
        await bench.age(0, STALE_AFTER + 60)
        assert await bench.sink.position(0) is None
        assert not await bench.sink.write(0, [said("b")], at(1), at(2))
        assert not await bench.sink.touch(0, at(1))
        await bench.sink.clear(0, PARTITIONS)
        assert await bench.sink.write(0, [said("b")], None, at(2))
        assert (await bench.held()).keys() == {"b"}

    async def test_a_touch_keeps_an_idle_position_young(self, bench: Bench) -> None:
        assert await bench.sink.write(0, [said("a")], None, at(1))
        for _ in range(2):
            await bench.age(0, STALE_AFTER * 0.6)
            assert await bench.sink.touch(0, at(1))
        assert not await bench.sink.touch(0, at(2))
        assert not await bench.sink.whole(0, at(2), Completeness(0, PARTITIONS))
        assert await bench.sink.whole(0, at(1), Completeness(0, PARTITIONS))

    async def test_a_partition_is_cleared_without_its_neighbours(self, bench: Bench) -> None:
        assert await bench.sink.write(1, [said("a"), said("b")], None, at(2))
        assert await bench.sink.write(2, [said("c")], None, at(1))
        await bench.sink.clear(1, PARTITIONS)
        assert (await bench.held()).keys() == {"c"}
        assert await bench.sink.position(1) is None
        assert await bench.sink.position(2) == at(1)

    async def test_results_of_a_partition_that_no_longer_exists_are_cleared_too(self, bench: Bench) -> None:
        assert await bench.sink.write(6, [said("old")], None, at(1))
        await bench.sink.clear(2, PARTITIONS)
        assert await bench.held() == {}

    async def test_a_flushed_results_sink_has_no_position(self, bench: Bench) -> None:
        assert await bench.sink.write(0, [said("a")], None, at(1))
        await bench.flush()
        assert not await bench.sink.touch(0, at(1))
        assert not await bench.sink.write(0, [said("b")], at(1), at(2))
        assert await bench.held() == {}

    @shares_fixtures
    @given(batches=st.lists(CHANGES))
    async def test_any_batches_of_results_end_as_the_last_of_each_experiment(
        self, bench: Bench, batches: list[list[ResultChange]]
    ) -> None:
        await bench.flush()
        position = None
        for offset, batch in enumerate(batches, start=1):
            assert await bench.sink.write(0, batch, position, at(offset))
            assert not await bench.sink.write(0, batch, position, at(offset))
            position = at(offset)
        last = {change.experiment_id: change for batch in batches for change in batch}
        assert await bench.held() == {name: (each.value, each.line) for name, each in last.items() if each.value}

    async def test_a_run_of_many_megabytes_is_written_in_several_calls(self, bench: Bench) -> None:
        value = b'{"n": "%s"}' % (b"x" * (CALL_BYTES // 3))
        changes = [ResultChange(f"x{number}", value, b"{}") for number in range(10)]
        assert await bench.sink.write(0, changes, None, at(10))
        assert await bench.sink.position(0) == at(10)
        assert await bench.held() == {change.experiment_id: (value, b"{}") for change in changes}


async def fill(sink: ResultsSink, skip: Callable[[int], bool] = lambda _: False, age_ms: int = 0) -> None:
    for partition in range(PARTITIONS):
        if not skip(partition):
            assert await sink.write(partition, [said(f"x{partition}")], None, Position(TOPIC, 1))
            assert await sink.whole(partition, Position(TOPIC, 1), Completeness(age_ms, PARTITIONS))


async def test_readers_find_one_result_and_the_list_of_all(results: ResultsSink, redis_client: Redis) -> None:
    await fill(results)
    reader = ResultsReader(redis_client, 15.0)

    seen, found, none = await reader.all(), await reader.one("x3"), await reader.one("x4")

    assert isinstance(seen.standing, Complete)
    assert [*seen.lines.items()] == [(f"x{number}", b'{"line": 1}') for number in range(PARTITIONS)]
    assert (found.value, none.value) == (b'{"n": 1}', None)


async def test_readers_of_results_are_told_what_is_missing_and_get_the_rest(
    results: ResultsSink, redis_client: Redis
) -> None:
    reader = ResultsReader(redis_client, 15.0)
    assert (await reader.all()).standing == Incomplete("missing", "experiment-results:0")
    await fill(results, skip=lambda partition: partition == 2)

    seen, found = await reader.all(), await reader.one("x1")

    assert seen.standing == found.standing == Incomplete("missing", "experiment-results:2")
    assert seen.lines.keys() == {"x0", "x1", "x3"}
    assert found.value == b'{"n": 1}'


async def test_readers_of_results_are_told_when_redis_is_behind(results: ResultsSink, redis_client: Redis) -> None:
    await fill(results, age_ms=16_000)
    assert (await ResultsReader(redis_client, 15.0).one("x0")).standing == Incomplete("too_old", "experiment-results:0")


async def test_a_redis_that_is_down_raises_sink_unavailable(redis_server: RedisServer, redis_client: Redis) -> None:
    redis_server.kill()
    try:
        with pytest.raises(SinkUnavailable):
            await ResultsReader(redis_client, 15.0).all()
    finally:
        redis_server.start()
