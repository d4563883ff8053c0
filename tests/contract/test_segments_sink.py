"""What the sink of segments must do, and what Redis has of it then."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from events.times import parse_time, render_time
from events.topics import CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS
from sinks.base import Completeness, Position
from sinks.keys import position_key, text
from sinks.segments import CALL_BYTES, SCAN_COUNT, SegmentsChange, SegmentsSink
from tests.budgets import shares_fixtures
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, at
from tests.contract.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("prefix")
PARTITIONS = 4
MOST = 2_000
TOPICS = (CONTACT_SEGMENTS, SEGMENT_COUNTS, SEGMENT_DEFINITIONS)
TIMES = [
    parse_time(text) or 0 for text in ("1969-12-31T23:59:59.001Z", "2000-02-29T12:00:00Z", "2026-11-28T18:31:51.250Z")
]

Members = Mapping[str, Mapping[str, int]]
"""By segment whose members are kept, since when (ms) each contact is in it."""


def in_segments(contact: str, **since: int) -> SegmentsChange:
    segments = {name: {"since": render_time(ms), "edition": "e1"} for name, ms in since.items()}
    return SegmentsChange(contact, orjson.dumps({"version": 1, "as_of": render_time(0), "segments": segments}))


def gone(key: str) -> SegmentsChange:
    return SegmentsChange(key)


def defined(segment: str, *, members: bool = True, text: bytes = b"{}") -> SegmentsChange:
    return SegmentsChange(segment, text, keeps_members=members)


class Bench:
    """A sink of segments on Redis, and what is seen behind its back."""

    def __init__(self, sink: SegmentsSink, client: Redis) -> None:
        self.sink = sink
        self._client = client

    async def memberships(self, partition: int) -> Mapping[str, bytes]:
        return await self._hash(f"segments:{partition}")

    async def definitions(self, partition: int) -> Mapping[str, bytes]:
        return await self._hash(f"segment-definitions:{partition}")

    async def counts(self, partition: int) -> Mapping[str, bytes]:
        return await self._hash(f"segment-counts:{partition}")

    async def kept(self, partition: int) -> Mapping[str, str]:
        return {name: text(state) for name, state in (await self._hash(f"sink:segment-members:{partition}")).items()}

    async def members(self, partition: int) -> Members:
        found: dict[str, dict[str, int]] = {}
        async for key in self._client.scan_iter("segment:*"):
            named = re.fullmatch(rf"segment:(.+):{partition}", key.decode())
            if named is not None:
                pairs: Any = await self._client.zrange(key, 0, -1, withscores=True)
                found[named[1]] = {contact.decode(): int(since) for contact, since in pairs}
        return found

    async def flush(self) -> None:
        await self._client.flushall()

    async def age(self, topic: str, partition: int, seconds: float) -> None:
        await self._client.hincrby(position_key(partition, topic), "written_at", -round(seconds * 1000))

    async def _hash(self, key: str) -> Mapping[str, bytes]:
        return {text(name): text(value).encode() for name, value in (await self._client.hgetall(key)).items()}


async def write(bench: Bench, topic: str, *changes: SegmentsChange, partition: int = 0) -> None:
    """Write a run behind all that were written before."""
    view = bench.sink.reading(topic)
    before = await view.position(partition)
    after = at((before.offset if before else 0) + len(changes))
    assert await view.write(partition, changes, before, after)
    assert await view.position(partition) == after


SEGMENTS, PEOPLE = st.sampled_from(["donors", "readers"]), st.sampled_from("abcü")
_HELD = st.dictionaries(SEGMENTS, st.sampled_from(TIMES))
STEPS = st.lists(
    st.one_of(
        st.builds(lambda who, held: (CONTACT_SEGMENTS, in_segments(who, **held)), PEOPLE, _HELD),
        st.builds(lambda who: (CONTACT_SEGMENTS, gone(who)), PEOPLE),
        st.builds(lambda name, members: (SEGMENT_DEFINITIONS, defined(name, members=members)), SEGMENTS, st.booleans()),
        st.builds(lambda name: (SEGMENT_DEFINITIONS, gone(name)), SEGMENTS),
    ),
    max_size=12,
)
Steps = list[tuple[str, SegmentsChange]]


class TestSegmentsSink:
    @pytest.fixture
    async def bench(self, redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Bench]:
        sink = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=MOST)
        yield Bench(sink, redis_client)
        await sink.close()

    async def test_memberships_definitions_and_counts_have_positions_of_their_own(self, bench: Bench) -> None:
        ada = in_segments("ada", donors=TIMES[2])
        await write(bench, CONTACT_SEGMENTS, ada)
        await write(bench, SEGMENT_COUNTS, SegmentsChange("donors", b'{"members": 1}'), gone("never counted"))
        await write(bench, SEGMENT_DEFINITIONS, defined("donors", members=False, text=b'{"id": "donors"}'))
        assert [await bench.sink.reading(topic).position(0) for topic in TOPICS] == [at(1), at(2), at(1)]
        assert await bench.memberships(0) == {"ada": ada.value}
        assert await bench.counts(0) == {"donors": b'{"members": 1}'}
        assert await bench.definitions(0) == {"donors": b'{"id": "donors"}'}
        assert (await bench.kept(0), await bench.members(0)) == ({}, {})

    async def test_members_are_kept_where_the_definition_says_so_in_the_order_in_which_they_came(
        self, bench: Bench
    ) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"), defined("readers", members=False))
        changes = (in_segments(f"p{number}", donors=since, readers=since) for number, since in enumerate(TIMES))
        await write(bench, CONTACT_SEGMENTS, *changes)
        assert await bench.members(0) == {"donors": dict(zip(("p0", "p1", "p2"), TIMES, strict=True))}

    async def test_whoever_leaves_is_erased_or_is_merged_is_a_member_no_more(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"), defined("readers"))
        await write(bench, CONTACT_SEGMENTS, *(in_segments(name, donors=TIMES[0], readers=TIMES[1]) for name in "abc"))
        await write(bench, CONTACT_SEGMENTS, in_segments("a", readers=TIMES[1]), gone("b"), in_segments("c"))
        assert await bench.members(0) == {"readers": {"a": TIMES[1]}}
        assert (await bench.memberships(0)).keys() == {"a", "c"}

    async def test_members_are_gathered_when_a_definition_begins_to_keep_them(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors", members=False))
        many = [in_segments(f"p{number}", donors=TIMES[2]) for number in range(2 * SCAN_COUNT + 1)]
        await write(bench, CONTACT_SEGMENTS, *many, in_segments("other", readers=TIMES[2]))
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"))
        assert await bench.kept(0) == {"donors": "kept"}
        assert await bench.members(0) == {"donors": {change.key: TIMES[2] for change in many}}

    async def test_a_segment_that_is_withdrawn_or_keeps_no_members_leaves_none(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"), defined("readers"))
        await write(bench, CONTACT_SEGMENTS, in_segments("ada", donors=TIMES[2], readers=TIMES[2]))
        await write(bench, SEGMENT_DEFINITIONS, gone("donors"), defined("readers", members=False))
        assert (await bench.members(0), await bench.kept(0)) == ({}, {})
        assert (await bench.definitions(0)).keys() == {"readers"}

    async def test_beyond_the_most_members_the_largest_segment_is_kept_no_more_and_says_so(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("large"), defined("small"))
        await write(bench, CONTACT_SEGMENTS, *(in_segments(f"s{n}", small=TIMES[2]) for n in range(10)))
        await write(bench, CONTACT_SEGMENTS, *(in_segments(f"l{n}", large=TIMES[2]) for n in range(MOST)))
        assert await bench.kept(0) == {"large": "full", "small": "kept"}
        assert {name: len(found) for name, found in (await bench.members(0)).items()} == {"small": 10}
        await write(bench, CONTACT_SEGMENTS, in_segments("later", large=TIMES[2], small=TIMES[2]))
        assert {name: len(found) for name, found in (await bench.members(0)).items()} == {"small": 11}

    async def test_one_that_was_too_large_is_kept_again_once_it_is_defined_anew_and_fits(self, bench: Bench) -> None:
        people = [f"p{number}" for number in range(MOST + 1)]
        await write(bench, CONTACT_SEGMENTS, *(in_segments(name, large=TIMES[2]) for name in people))
        await write(bench, SEGMENT_DEFINITIONS, defined("large"))
        assert (await bench.kept(0), await bench.members(0)) == ({"large": "full"}, {})
        await write(bench, CONTACT_SEGMENTS, gone("p0"))
        await write(bench, SEGMENT_DEFINITIONS, defined("large", members=False), defined("large"))
        assert await bench.kept(0) == {"large": "kept"}
        assert (await bench.members(0))["large"].keys() == {*people[1:]}

    @pytest.mark.parametrize("topic", TOPICS)
    async def test_segments_from_another_position_are_not_written(self, bench: Bench, topic: str) -> None:
        await write(bench, topic, defined("a"))
        view = bench.sink.reading(topic)
        for wrong in (None, at(2), Position("another", 1)):
            assert not await view.write(0, [defined("b")], wrong, at(9))
        assert await view.position(0) == at(1)
        held = {**await bench.memberships(0), **await bench.counts(0), **await bench.definitions(0)}
        assert held.keys() == {"a"}

    async def test_a_position_of_segments_that_is_too_old_counts_for_nothing(self, bench: Bench) -> None:
        await write(bench, CONTACT_SEGMENTS, in_segments("a"))
        assert await bench.sink.touch(0, at(1))
        assert await bench.sink.whole(0, at(1), Completeness(0, PARTITIONS))
        await bench.age(CONTACT_SEGMENTS, 0, STALE_AFTER + 60)
        assert await bench.sink.position(0) is None
        assert not await bench.sink.write(0, [in_segments("b")], at(1), at(2))
        assert not await bench.sink.touch(0, at(1))
        assert not await bench.sink.whole(0, at(1), Completeness(0, PARTITIONS))

    async def test_a_partition_of_segments_is_cleared_in_all_topics_without_its_neighbours(self, bench: Bench) -> None:
        for partition in (1, 2, 1 + PARTITIONS):
            await write(bench, SEGMENT_DEFINITIONS, defined("donors"), partition=partition)
            await write(bench, SEGMENT_COUNTS, SegmentsChange("donors", b"{}"), partition=partition)
            await write(bench, CONTACT_SEGMENTS, in_segments("ada", donors=TIMES[2]), partition=partition)
        await bench.sink.clear(1, PARTITIONS)
        for partition in (1, 1 + PARTITIONS):
            assert [await bench.sink.reading(topic).position(partition) for topic in TOPICS] == [None] * 3
            held = [await bench.memberships(partition), await bench.definitions(partition)]
            assert [*held, await bench.counts(partition), await bench.members(partition)] == [{}] * 4
            assert await bench.kept(partition) == {}
        assert (await bench.sink.position(2), await bench.members(2)) == (at(1), {"donors": {"ada": TIMES[2]}})

    async def test_a_flushed_sink_of_segments_has_no_position(self, bench: Bench) -> None:
        await write(bench, CONTACT_SEGMENTS, in_segments("a"))
        await bench.flush()
        assert await bench.sink.position(0) is None
        assert not await bench.sink.touch(0, at(1))
        assert not await bench.sink.write(0, [in_segments("b")], at(1), at(2))
        assert await bench.memberships(0) == {}

    @shares_fixtures
    @given(steps=STEPS)
    async def test_any_order_of_topics_keeps_who_is_in_what_is_kept(self, bench: Bench, steps: Steps) -> None:
        await bench.flush()
        memberships, wanted = dict[str, dict[str, dict[str, str]]](), dict[str, bool]()
        for topic, change in steps:
            await write(bench, topic, change)
            if topic == CONTACT_SEGMENTS:
                memberships[change.key] = orjson.loads(change.value)["segments"] if change.value else {}
            else:
                wanted[change.key] = change.keeps_members
        kept = {name for name, members in wanted.items() if members}
        expected: dict[str, dict[str, int]] = {}
        for contact, held in memberships.items():
            for name in held.keys() & kept:
                expected.setdefault(name, {})[contact] = parse_time(held[name]["since"]) or 0
        assert await bench.members(0) == expected
        assert await bench.kept(0) == dict.fromkeys(kept, "kept")

    async def test_a_run_of_memberships_of_some_megabytes_is_written_in_several_calls(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"))
        long = {f"s{number:04}": TIMES[2] for number in range(1000)}
        changes = [in_segments(f"p{number}", donors=TIMES[1], **long) for number in range(40)]
        assert sum(len(change.value) for change in changes) > 2 * CALL_BYTES
        await write(bench, CONTACT_SEGMENTS, *changes)
        assert await bench.memberships(0) == {change.key: change.value for change in changes}
        assert len((await bench.members(0))["donors"]) == len(changes)

    async def test_an_owner_that_froze_while_it_gathered_moves_nothing_once_another_has_written(
        self, bench: Bench, redis_client: Redis
    ) -> None:
        """It had said what is to be gathered, and no more; the other one has withdrawn the segment since."""
        await write(bench, CONTACT_SEGMENTS, in_segments("ada", donors=TIMES[2]))
        sink = bench.sink.reading(SEGMENT_DEFINITIONS)
        assert isinstance(sink, SegmentsSink)
        assert await sink._write_part(0, ["", "", "", "", "", "frozen"], [defined("donors")])

        await write(bench, SEGMENT_DEFINITIONS, defined("donors"), gone("donors"))

        assert not await sink._write_members(0, "frozen", None, at(1))
        assert (await bench.members(0), await bench.kept(0)) == ({}, {})
        assert await sink.position(0) == at(2)

    async def test_a_value_that_cannot_be_read_names_nobody_and_stops_nothing(self, bench: Bench) -> None:
        await write(bench, SEGMENT_DEFINITIONS, defined("donors"))
        await write(
            bench, CONTACT_SEGMENTS, SegmentsChange("odd", b'{"segments": [' * 2000), in_segments("ada", donors=0)
        )
        await write(bench, CONTACT_SEGMENTS, in_segments("odd", donors=TIMES[2]))
        assert await bench.members(0) == {"donors": {"ada": 0, "odd": TIMES[2]}}
