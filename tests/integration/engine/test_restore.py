import asyncio
import time
from itertools import count

import pytest

from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import KafkaRecord, Records
from streams.engine.store import MemoryStore, Position
from streams.engine.store_restore import LONGEST_IDLE_MS
from streams.engine.table_partition import Effects
from tests.integration.engine.owner import Bench, key, sums

CHUNKS = 6


async def filled(bench: Bench) -> list[KafkaRecord]:
    """A changelog with keys that change, go and come again; its records."""

    def fold(states: States[bytes], records: Records) -> Effects[bytes]:
        effects = bench.add_up(states, records)
        if records[0].offset % 3 == 0:
            effects.changes[b"k1"] = None
        return effects

    async with bench.owned() as owner:
        for number in range(CHUNKS):
            await owner.apply(bench.chunk(range(number * 4, number * 4 + 4)), fold)
    return list(await bench.cluster.committed(bench.changelog))


def here(bench: Bench, offset: int) -> Position:
    return Position(bench.topic_id, offset, time.time_ns() // 1_000_000)


def held(bench: Bench, records: list[KafkaRecord], before: int) -> MemoryStore:
    """The store of a worker that had read the changelog up to some offset."""
    store = MemoryStore()
    for record in records:
        if record.offset < before:
            assert record.key is not None
            store.write({record.key: record.value}, here(bench, record.offset + 1))
    if store.position is not None:
        store.write({}, here(bench, before))
    return store


async def restored(bench: Bench, store: MemoryStore) -> dict[bytes, bytes]:
    async with bench.owned(store):
        return dict(store.items())


async def test_from_wherever_a_store_stands_the_restored_state_is_the_same(bench: Bench) -> None:
    """Also from the middle of a chunk: a run that is read may end there."""
    records = await filled(bench)
    whole = await restored(bench, MemoryStore())

    for before in range(0, records[-1].offset + 2, 5):
        assert await restored(bench, held(bench, records, before)) == whole


async def test_only_what_is_new_is_read(bench: Bench) -> None:
    records = await filled(bench)
    store = MemoryStore()
    half = held(bench, records, records[20].offset)
    whole = held(bench, records, records[-1].offset + 1)

    read = [await bench.owner(each).open() for each in (store, half, whole, store)]

    assert read == [len(records), len(records) - 20, 0, 0]
    assert store.position is not None
    assert store.position[:2] == (bench.topic_id, records[-1].offset + 2)


async def test_a_restore_may_be_cut_short_anywhere_and_begun_again(bench: Bench) -> None:
    """A rebalance, a stop: each cancels what was reading, later each time, until once nothing does."""
    await filled(bench)
    whole = await restored(bench, MemoryStore())
    store = MemoryStore()
    owner = bench.owner(store)

    cut_short = 0
    for milliseconds in count(0, 3):
        opening = asyncio.create_task(owner.open())
        if (await asyncio.wait({opening}, timeout=milliseconds / 1000))[0]:
            break
        opening.cancel()
        await asyncio.wait({opening})
        cut_short += 1

    assert cut_short > 2
    assert dict(store.items()) == whole
    await owner.apply(bench.chunk(range(CHUNKS * 4, CHUNKS * 4 + 2)), bench.add_up)
    await owner.release()
    assert await bench.told() == list(range(CHUNKS * 4 + 2))


@pytest.mark.parametrize(("ahead", "topic_id"), [(1, ""), (1_000, ""), (-20, "another topic's id")])
async def test_a_store_ahead_of_its_changelog_is_wiped(bench: Bench, ahead: int, topic_id: str) -> None:
    """Or of another changelog: the broker has lost its end, or was set up anew; nobody knows what it stands for."""
    await filled(bench)
    whole = await restored(bench, MemoryStore())
    end = (await bench.cluster.everything(bench.changelog))[-1].offset + 2  # the last commit's marker
    store = MemoryStore()
    stands_at = here(bench, end + ahead)._replace(topic_id=topic_id or bench.topic_id)
    store.write({b"foreign": b"1", b"k2": b"666"}, stands_at)

    assert await restored(bench, store) == whole


async def test_a_store_that_has_read_the_last_marker_is_not_ahead(bench: Bench) -> None:
    records = await filled(bench)
    store = held(bench, records, records[-1].offset + 2)
    store.write({b"mine": b"1"}, here(bench, records[-1].offset + 2))

    assert b"mine" in await restored(bench, store)


async def test_a_store_that_was_left_alone_for_too_long_is_wiped(bench: Bench) -> None:
    """Meanwhile a key may have been deleted, and the changelog have forgotten that it ever was."""
    records = await filled(bench)
    end = records[-1].offset + 2
    idle, fresh = MemoryStore(), MemoryStore()
    long_ago = here(bench, end).at - LONGEST_IDLE_MS - 60_000
    idle.write({b"deleted": b"1"}, here(bench, end)._replace(at=long_ago))
    fresh.write({b"kept": b"1"}, here(bench, end)._replace(at=long_ago + 120_000))

    assert await restored(bench, idle) == await restored(bench, MemoryStore())
    assert b"kept" in await restored(bench, fresh)


async def test_opening_again_keeps_decoded_states_at_hand_but_for_those_that_others_have_changed(bench: Bench) -> None:
    """All partitions of a table share the room for them: emptied, every one would have to decode its own anew."""
    recent: RecentStates[bytes] = RecentStates(1 << 20)
    states = States(MemoryStore(), Codec(bytes, bytes), recent)
    owner = bench.owner_of(states)
    await owner.open()
    await owner.apply(bench.chunk(range(5)), bench.add_up)
    recent.put({b"another partition's": b"1"}, 1)
    async with bench.owned() as meanwhile:
        await meanwhile.apply(bench.chunk([5]), bench.add_up)

    await owner.open()

    at_hand = recent.get_many([b"another partition's", key(4), key(5)])
    assert [state is not None for state in at_hand.values()] == [True, True, False]
    await owner.apply(bench.chunk([6]), bench.add_up)
    await owner.release()
    assert await bench.table() == sums(range(7))
