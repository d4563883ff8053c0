"""What every sink of `contact-state` must do; each sink runs the whole of it through a `Bench`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from hypothesis import strategies as st

from sinks.base import Completeness, ContactChange, ContactSink, Position, StoredContact
from sinks.keys import partition_of

STALE_AFTER = 3600.0
TOPIC = "lQ4nIXcVTRSTjTWnSq5aVw"
HASHED = "external:0123456789abcdef0123456789abcdef"
START = Position(TOPIC, 0)


class Bench(Protocol):
    """A sink with `stale_after` STALE_AFTER, and what a test must see or do behind its back."""

    @property
    def sink(self) -> ContactSink: ...

    async def stored(self, contact_id: str) -> StoredContact | None: ...

    async def contact_of(self, identity_hash: str) -> str | None: ...

    async def flush(self) -> None: ...

    async def age(self, partition: int, seconds: float) -> None:
        """Make the position look that much older."""


def living(contact_id: str, version: int, profile: bytes = b"{}") -> ContactChange:
    return ContactChange(contact_id, version, profile, None, None)


def merged(contact_id: str, version: int, survivor: str) -> ContactChange:
    return ContactChange(contact_id, version, None, "merged", survivor)


def erased(contact_id: str, version: int) -> ContactChange:
    return ContactChange(contact_id, version, None, "erased", None)


def forgotten(contact_id: str, version: int) -> ContactChange:
    return ContactChange(contact_id, version, None, "forgotten", None)


def at(offset: int) -> Position:
    return Position(TOPIC, offset)


async def fill(bench: Bench, *changes: ContactChange, partition: int = 0) -> Position:
    """Write a first batch; the position it left."""
    after = at(len(changes))
    assert await bench.sink.write(partition, changes, None, after)
    return after


KINDS = st.sampled_from(["a", "b", "c", HASHED, "phone:" + "f" * 32])
VERSIONS = st.one_of(st.integers(0, 12), st.integers(2**53 - 3, 2**53 + 3), st.integers(2**63 - 4, 2**63))


def change_of(contact_id: str, version: int) -> ContactChange:
    """Equal versions of one contact are equal records, whichever way they come."""
    if version % 4 == 2:
        return merged(contact_id, version, f"survivor-{version}")
    if version % 4 == 3:
        return erased(contact_id, version)
    return living(contact_id, version, b'{"version": %d}' % version)


def stored_of(change: ContactChange) -> StoredContact:
    is_erased = change.profile is None and change.merged_into is None
    return StoredContact(change.version, change.profile, change.merged_into, is_erased)


def contact_after(change: ContactChange) -> str | None:
    return change.contact_id if change.profile is not None else change.merged_into


BATCHES = st.lists(st.lists(st.builds(change_of, KINDS, VERSIONS), max_size=8), max_size=6)


def highest(changes: Sequence[ContactChange]) -> dict[str, ContactChange]:
    best: dict[str, ContactChange] = {}
    for change in changes:
        if change.contact_id not in best or change.version > best[change.contact_id].version:
            best[change.contact_id] = change
    return best


async def any_batches_end_as_the_highest_versions(bench: Bench, batches: list[list[ContactChange]]) -> None:
    await bench.flush()
    position = None
    for offset, batch in enumerate([*batches, *reversed(batches)], start=1):
        assert await bench.sink.write(0, batch, position, at(offset))
        assert not await bench.sink.write(0, batch, position, at(offset))
        position = at(offset)
    assert await bench.sink.position(0) == position
    for contact_id, change in highest([change for batch in batches for change in batch]).items():
        assert await bench.stored(contact_id) == stored_of(change)
        found = await bench.contact_of(contact_id)
        assert found == (contact_after(change) if ":" in contact_id else None)


class ContactSinkContract:
    """Single promises; the laws that hold of all of them are in `TwoTopicsContract`."""

    async def test_a_new_sink_has_no_position(self, bench: Bench) -> None:
        assert await bench.sink.position(0) is None

    async def test_a_batch_moves_the_position_with_its_data(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1, b'{"n": 1}'))
        assert await bench.sink.position(0) == after
        assert await bench.stored("ada") == StoredContact(1, b'{"n": 1}')

    async def test_a_profile_keeps_its_bytes(self, bench: Bench) -> None:
        profiles = {"ada": '{"name": "Grüße 東京 👋"}'.encode(), "bob": b"", "cyd": b"\x00\xff\r\n"}
        await fill(bench, *(living(contact_id, 1, profile) for contact_id, profile in profiles.items()))
        for contact_id, profile in profiles.items():
            assert await bench.stored(contact_id) == StoredContact(1, profile)

    async def test_a_batch_from_another_position_writes_nothing(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1))
        for wrong in (None, at(after.offset + 1), Position("another", after.offset)):
            assert not await bench.sink.write(0, [living("bob", 1)], wrong, at(9))
        assert await bench.stored("bob") is None
        assert await bench.sink.position(0) == after

    async def test_partitions_have_positions_of_their_own(self, bench: Bench) -> None:
        await fill(bench, living("ada", 1))
        assert await bench.sink.position(1) is None
        assert await bench.sink.write(1, [living("bob", 1)], None, at(5))
        assert (await bench.sink.position(0), await bench.sink.position(1)) == (at(1), at(5))

    async def test_versions_are_numbers_and_of_two_that_are_equal_the_first_stays(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 999), living("bob", 10, b"new"))
        changes = [living("ada", 1000, b"new"), living("bob", 9, b"old"), living("bob", 10, b"same")]
        assert await bench.sink.write(0, changes, after, at(3))
        assert await bench.stored("ada") == StoredContact(1000, b"new")
        assert await bench.stored("bob") == StoredContact(10, b"new")

    async def test_an_erased_contact_keeps_a_mark_and_no_state(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1, b"profile"))
        assert await bench.sink.write(0, [erased("ada", 2)], after, at(2))
        assert await bench.stored("ada") == StoredContact(2, erased=True)

    async def test_a_hashed_identity_follows_its_contact_into_the_survivor_and_back(self, bench: Bench) -> None:
        after = await fill(bench, living(HASHED, 1))
        assert await bench.sink.write(0, [merged(HASHED, 2, "bob")], after, at(2))
        assert await bench.contact_of(HASHED) == "bob"
        assert await bench.sink.write(0, [living(HASHED, 3)], at(2), at(3))
        assert await bench.contact_of(HASHED) == HASHED

    async def test_of_a_forgotten_contact_nothing_is_left_and_nobody_was_erased(self, bench: Bench) -> None:
        held = [living("ada", 1), erased("bob", 1), merged(HASHED, 1, "cyd"), living("dan", 3)]
        after = await fill(bench, *held)
        gone = [
            forgotten("ada", 2),
            forgotten("bob", 2),
            forgotten(HASHED, 2),
            forgotten("dan", 2),
            forgotten("eve", 2),
        ]
        assert await bench.sink.write(0, gone, after, at(9))
        assert [await bench.stored(name) for name in ("ada", "bob", HASHED, "eve")] == [None] * 4
        assert await bench.contact_of(HASHED) is None
        assert await bench.stored("dan") == StoredContact(3, b"{}")

    async def test_an_old_position_is_no_position(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1))
        await bench.age(0, STALE_AFTER + 60)
        assert await bench.sink.position(0) is None
        assert not await bench.sink.touch(0, after)
        assert not await bench.sink.write(0, [living("ada", 2, b"new")], after, at(2))
        assert not await bench.sink.write(0, [living("ada", 2, b"new")], None, at(2))
        assert await bench.stored("ada") == StoredContact(1, b"{}")

    async def test_a_position_from_a_clock_far_ahead_is_no_position(self, bench: Bench) -> None:
        await fill(bench, living("ada", 1))
        await bench.age(0, -STALE_AFTER - 60)
        assert await bench.sink.position(0) is None

    async def test_a_touch_a_write_or_a_statement_keeps_a_position_young(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1))
        keeps: list[Callable[[], Awaitable[bool]]] = [
            lambda: bench.sink.touch(0, after),
            lambda: bench.sink.write(0, [], after, after),
            lambda: bench.sink.whole(0, after, Completeness(0, 1)),
        ]
        for keep in keeps * 2:
            await bench.age(0, STALE_AFTER - 60)
            assert await keep()
        assert await bench.sink.position(0) == after

    async def test_a_touch_or_a_statement_at_another_position_is_refused(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1))
        elsewhere = [(0, at(after.offset + 1)), (0, Position("another", after.offset)), (1, after)]
        for partition, position in elsewhere:
            assert not await bench.sink.touch(partition, position)
            assert not await bench.sink.whole(partition, position, Completeness(0, 1))
        await bench.flush()
        assert not await bench.sink.whole(0, after, Completeness(0, 1))
        assert await bench.sink.position(0) is None

    async def test_a_flush_is_noticed_without_traffic_and_by_the_next_write(self, bench: Bench) -> None:
        after = await fill(bench, living("ada", 1))
        await bench.flush()
        assert not await bench.sink.touch(0, after)
        assert await bench.sink.position(0) is None
        assert not await bench.sink.write(0, [living("bob", 1)], after, at(2))
        assert await bench.stored("bob") is None

    async def test_clearing_keeps_the_other_partitions(self, bench: Bench) -> None:
        names = [f"contact-{n}" for n in range(50)] + [f"email:{n:032x}" for n in range(50)]
        mine = [name for name in names if partition_of(name, 4) == 1]
        others = [name for name in names if partition_of(name, 4) != 1]
        await fill(bench, *(living(name, 1) for name in mine), partition=1)
        await fill(bench, *(living(name, 1) for name in others), partition=2)
        await bench.sink.clear(1, 4)
        assert [await bench.stored(name) for name in mine] == [None] * len(mine)
        assert [await bench.stored(name) for name in others] == [StoredContact(1, b"{}")] * len(others)
        assert {await bench.contact_of(name) for name in mine} == {None}
        assert [await bench.contact_of(name) for name in others if ":" in name] == [n for n in others if ":" in n]
        assert (await bench.sink.position(1), await bench.sink.position(2)) == (None, at(len(others)))

    async def test_a_cleared_partition_fills_again_with_versions_it_has_had(self, bench: Bench) -> None:
        await fill(bench, living("ada", 7, b"before"))
        await bench.sink.clear(0, 1)
        await fill(bench, living("ada", 7, b"again"))
        assert await bench.stored("ada") == StoredContact(7, b"again")

    async def test_an_old_partition_can_be_cleared_and_filled(self, bench: Bench) -> None:
        await fill(bench, living("ada", 1), living("gone", 1))
        await bench.age(0, STALE_AFTER + 60)
        await bench.sink.clear(0, 1)
        after = await fill(bench, living("ada", 1))
        assert await bench.sink.position(0) == after
        assert await bench.stored("gone") is None
