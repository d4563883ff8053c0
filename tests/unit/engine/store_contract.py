"""What every store of a table's partition must do; each store runs the whole of it."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.engine.store import Position, Store

HERE = Position("topic-a", 7, 1_329_904_800_000)
Changes = dict[bytes, bytes | None]
OpenStore = Callable[[], Store]

law = settings(
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ALL_KEYS = [b"", b"\x00watermark\x00interactions\x000", b"a", b"a\x00", b"b", b"\xff"]
KEYS = st.sampled_from(ALL_KEYS)
VALUES = st.none() | st.sampled_from([b"", b"1", b"2" * 300])
WRITES = st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=8)


class StoreContract:
    """Subclass it, with a fixture `open_store`: by each call a new store."""

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[Store]:
        store = open_store()
        yield store
        store.close()

    @law
    @given(writes=WRITES)
    def test_any_writes_end_as_those_of_a_dict(self, open_store: OpenStore, writes: list[Changes]) -> None:
        store = open_store()
        told: dict[bytes, bytes] = {}
        for number, changes in enumerate(writes, 1):
            store.write(changes, Position("topic-a", number, 0))
            told = {key: value for key, value in {**told, **changes}.items() if value is not None}
            assert store.get_many(ALL_KEYS) == [*map(store.get, ALL_KEYS)] == [*map(told.get, ALL_KEYS)]
            for after, most in product((b"", b"\x00", b"a", b"a\x00", b"\xff"), (1, 2, 9)):
                behind = sorted((key, value) for key, value in told.items() if key > after)[:most]
                assert store.following(after, most) == behind
                assert store.keys_following(after, most) == [key for key, _ in behind]
            assert store.position == Position("topic-a", number, 0)
        assert dict(store.items()) == told  # not before: what a store holds back is written then
        store.close()

    def test_forgetting_what_was_deleted_changes_nothing_that_is_there(self, store: Store) -> None:
        store.write({b"a": b"1", b"b": b"2"}, HERE)
        store.write({b"a": None}, HERE)

        store.forgetting()()

        assert (store.get(b"a"), list(store.items()), store.position) == (None, [(b"b", b"2")], HERE)

    def test_keys_and_values_are_any_bytes(self, store: Store) -> None:
        odd = {b"": b"empty", b"\x00": b"zero", b"\xff\xfe": b"\x00\xff", b"k" * 1000: b"v" * 2_000_000}

        store.write(odd, HERE)

        assert dict(store.items()) == odd
        assert {key: store.get(key) for key in odd} == odd

    def test_a_wiped_store_is_a_new_one(self, store: Store) -> None:
        store.write({b"a": b"1"}, HERE)
        store.wipe()
        assert (store.position, store.get(b"a"), list(store.items())) == (None, None, [])

        store.write({b"b": b"2"}, HERE)

        assert (store.position, dict(store.items())) == (HERE, {b"b": b"2"})
