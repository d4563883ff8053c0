"""What is read back from a changelog."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndTimestamp, TopicPartition
from faust.tables.recovery import ServiceStopped
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import decoded_states
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import BESIDE, GENERATION_KEY, Codec, RecentStates, States
from streams.engine.recovery import TableManager
from streams.engine.store import MemoryStore, Position, Store
from streams.engine.write_back import WriteBackStores
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.unit.engine.workplace import everything_that_can


class Office:
    """An app whose tables take as long to be taken over as the test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings(kafka_bootstrap="127.0.0.1:1", partitions=1)
        self.codes: list[int] = []
        self.ready: list[int] = []
        self.app = ChunkApp(settings, KafkaClients(settings), self.ready.append, self.codes.append)
        self.recovery = cast(TableManager, self.app.tables).recovery
        self.log: list[str] = []
        self.taken_over = asyncio.Event()
        monkeypatch.setattr(self.recovery, "_take_over", self._take_over)
        monkeypatch.setattr(self.recovery, "on_recovery_completed", self._complete)
        monkeypatch.setattr(self.app, "release_tables", self._release)

    def begin(self) -> None:
        self.recovery._under_way = asyncio.create_task(self.recovery._recover(1))

    async def _take_over(self) -> None:
        try:
            await self.taken_over.wait()
        except asyncio.CancelledError:
            self.log.append("halted")
            raise

    async def _release(self) -> None:
        self.log.append("released")

    async def _complete(self, _: int) -> None:
        return


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(monkeypatch)


async def test_partitions_are_given_up_only_after_their_recovery_has_ended(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would open writers behind the release, and fence the next owner."""
    monkeypatch.setattr(office.app.consumer, "commit_and_end_transactions", office._release)
    office.begin()
    await everything_that_can()

    await office.app.consumer.wait_empty()

    assert office.log[0] == "halted"
    assert office.log[-1] == "released"
    assert office.ready == []


async def test_what_the_partitions_of_before_left_behind_is_freed(office: Office) -> None:
    """Clients are in cycles with their connections, and the collector would look at what is so old once in hours."""
    client = Client()
    connection = client.connection
    gc.collect(1)  # it is as old now as what a worker holds for a while
    del client
    gc.collect(1)
    assert connection() is not None

    office.taken_over.set()
    office.begin()
    await everything_that_can()

    assert connection() is None


class Client:
    """Something that its connection knows, and whose connection it is."""

    class Connection:
        """One that is closed."""

        def __init__(self, client: "Client") -> None:
            self.client = client

    def __init__(self) -> None:
        self._connection = Client.Connection(self)
        self.connection = weakref.ref(self._connection)


async def test_a_broker_that_does_not_answer_in_time_stops_the_worker(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust calls that a stopped service, and the worker would never recover again."""

    async def out_of_time(_: int) -> None:
        raise ServiceStopped

    monkeypatch.setattr(office.recovery, "on_recovery_completed", out_of_time)
    office.taken_over.set()
    office.begin()
    await everything_that_can()

    assert office.codes == [EXIT_FAIL_STOP]


NUMBERS: Codec[int] = Codec(lambda number: b"%d" % number, int)
HERE = Position("topic", 1, 0)
Step = dict[bytes, int | None] | str


class CountingStore(MemoryStore):
    """Notes which keys it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[bytes]] = []

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        self.asked.append(list(keys))
        return super().get_many(keys)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def states_in(store: Store, room: int = 1000) -> States[int]:
    return States(store, NUMBERS, RecentStates(room))


def commit(states: States[int], changes: dict[bytes, int | None]) -> None:
    encoded = {key: None if number is None else NUMBERS.encode(number) for key, number in changes.items()}
    states.commit(changes, encoded, HERE)


def test_what_is_in_the_store_is_decoded_once(store: CountingStore) -> None:
    store.write({b"a": b"1", b"b": b"2"}, HERE)
    states = states_in(store)

    assert states.get_many([b"a", b"b", b"c"]) == {b"a": 1, b"b": 2, b"c": None}
    assert states.get_many([b"a", b"b"]) == {b"a": 1, b"b": 2}
    assert store.asked == [[b"a", b"b", b"c"]]


def test_what_was_committed_is_at_hand_and_in_the_store(store: CountingStore) -> None:
    states = states_in(store)

    commit(states, {b"a": 1, b"b": 2})

    assert (states.get(b"a"), store.asked) == (1, [])
    assert (dict(store.items()), store.position) == ({b"a": b"1", b"b": b"2"}, HERE)


def test_a_store_that_was_changed_meanwhile_is_read_again(store: CountingStore) -> None:
    states = states_in(store)
    commit(states, {b"a": 1})
    store.write({b"a": b"5"}, HERE)
    assert states.get(b"a") == 1

    states.memory["book"] = 1

    states.forget()

    assert (states.get(b"a"), states.memory) == (5, {})


def test_only_so_many_bytes_of_decoded_states_are_kept(store: CountingStore) -> None:
    states = states_in(store, room=20)
    for number in range(10, 100):
        commit(states, {b"k%d" % number: number})

    states.get_many([b"k%d" % number for number in range(10, 100)])

    [missing] = store.asked
    assert 80 <= len(missing) < 90
    assert b"k99" not in missing


def test_more_than_there_is_room_for_is_not_kept_and_nothing_old_in_its_place(store: CountingStore) -> None:
    states = states_in(store, room=20)
    commit(states, {b"a": 1})

    commit(states, {b"a": 10**11, b"b": 2})

    assert states.get_many([b"a", b"b"]) == {b"a": 10**11, b"b": 2}
    assert store.asked == [[b"a", b"b"]]


def test_what_is_used_all_the_time_stays(store: CountingStore) -> None:
    states = states_in(store, room=20)
    for number in range(100):
        commit(states, {b"often": number, b"once-%d" % number: number})

    assert (states.get(b"often"), store.asked) == (99, [])


@given(
    st.lists(
        st.dictionaries(st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.integers(0, 10**6), max_size=4)
        | st.just("forget"),
        max_size=12,
    ),
    st.integers(0, 30),
)
def test_whatever_is_kept_the_states_are_those_committed_last(
    steps: list[dict[bytes, int | None] | str], room: int
) -> None:
    states, told = states_in(MemoryStore(), room), dict.fromkeys([b"a", b"b", b"c", b"d"])
    for step in steps:
        if isinstance(step, str):
            states.forget()
        else:
            commit(states, step)
            told.update(step)
        assert states.get_many(told) == told


def test_states_that_grow_are_counted_as_they_have_become(store: CountingStore) -> None:
    """A hundred small ones, of which each is a large one by and by, would else fill the memory."""
    states = states_in(store, room=2000)
    keys = [b"k%d" % number for number in range(100)]
    commit(states, dict.fromkeys(keys, 1))
    for key in keys:
        commit(states, {key: 10**99})

    states.get_many(keys)

    [missing] = store.asked
    assert len(missing) >= 100 - 2000 // 100


def test_the_generation_is_what_the_changelog_says_or_zero(store: CountingStore) -> None:
    assert states_in(store).generation == 0
    store.write({GENERATION_KEY: b"7"}, HERE)
    assert states_in(store).generation == 7


def test_a_table_is_walked_through_without_what_is_beside_its_states(store: CountingStore) -> None:
    states = states_in(store, room=20)
    beside = {b"\x00generation": b"2", BESIDE + b"\xff": b"raw", BESIDE: b"raw"}
    states.commit({b"b": 2, b"a": 1, b"c": 3}, {b"a": b"1", b"b": b"2", b"c": b"3", **beside}, HERE)

    assert states.following(b"", 2) == [(b"a", 1), (b"b", 2)]
    assert states.following(b"b", 2) == [(b"c", 3)]
    assert states.following(b"c", 2) == []


def test_whoever_asks_for_keys_reads_no_value() -> None:
    class KeysAlone(MemoryStore):
        def following(self, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
            raise AssertionError("values are read too")

    store = KeysAlone()
    store.write({b"b": b"2", b"a": b"1", GENERATION_KEY: b"2", BESIDE + b"x": b"raw"}, HERE)
    on_disk = WriteBackStores(lambda table, partition: store, 1000)("contacts", 0)
    on_disk.write({b"c": b"3", b"a": None}, HERE)

    assert states_in(store).keys_following(b"", 2) == [b"a", b"b"]
    assert states_in(on_disk).keys_following(b"", 9) == [b"b", b"c"]
    assert states_in(on_disk).keys_following(b"b", 9) == [b"c"]


def test_who_walks_through_a_table_leaves_the_states_that_are_at_hand(store: CountingStore) -> None:
    states = states_in(store, room=20)
    for number in range(10, 100):
        commit(states, {b"k%d" % number: number})

    states.following(b"", 90)

    assert (states.get(b"k99"), store.asked) == (99, [])


def test_records_beside_the_states_are_found_by_their_keys_and_in_order(store: CountingStore) -> None:
    states = states_in(store)
    held = {b"p/2": b"two", b"p/1": b"one", b"p/": b"none", b"q/": b"other"}
    states.commit({b"p/3": 3}, {b"p/3": b"3", **{BESIDE + key: value for key, value in held.items()}}, HERE)

    assert (states.beside(b"p/1"), states.beside(b"p/3")) == (b"one", None)
    assert states.beside_many([b"p/2", b"p/3", b"p/1"]) == [b"two", None, b"one"]
    assert states.beside_following(b"p/", b"", 2) == [(b"p/", b"none"), (b"p/1", b"one")]
    assert states.beside_following(b"p/", b"p/1", 2) == [(b"p/2", b"two")]


ROOM = 8 * decoded_states._BYTES_EACH
"""For eight states that hold something beside themselves, in two generations; the others give it up."""


def holding(given_up: Callable[[bytes], None]) -> States[bytes]:
    codec: Codec[bytes] = Codec(bytes, bytes, given_up)
    return States(MemoryStore(), codec, RecentStates(ROOM))


def write(states: States[bytes], *keys: bytes) -> None:
    states.commit({key: key * 2 for key in keys}, {key: key * 2 for key in keys}, HERE)


def test_states_that_were_not_used_of_late_give_up_what_they_hold() -> None:
    given_up: list[bytes] = []
    states = holding(given_up.append)
    for number in range(9):
        write(states, b"%d" % number)
    assert given_up == []
    for number in range(9, 14):
        write(states, b"%d" % number)
    assert given_up == [b"%d" % number * 2 for number in range(5)]


def test_a_state_that_is_used_again_holds_on() -> None:
    given_up: list[bytes] = []
    states = holding(given_up.append)
    for number in range(15):
        write(states, b"%d" % number, b"x")
    assert given_up
    assert b"xx" not in given_up


def test_a_state_that_is_too_large_to_be_remembered_gives_it_up_at_once() -> None:
    given_up: list[bytes] = []
    states = holding(given_up.append)
    states.commit({b"a": bytes(ROOM)}, {b"a": bytes(ROOM)}, HERE)
    assert given_up == [bytes(ROOM)]


TOLD, NONE, UNTOLD = TPS = [TP("t", 0), TP("t", 1), TP("t", 2)]


class Unopened(KafkaError):  # type: ignore[misc]
    retriable = False


class Reader(PartitionReader):
    """Of a broker that cannot open a batch of one partition."""

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 3)

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 90)


class Consumer:
    async def offsets_for_times(
        self, times: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        if UNTOLD in times:
            raise Unopened
        return {tp: OffsetAndTimestamp(40, 1) if tp == TOLD else None for tp in times}


async def test_where_the_broker_cannot_tell_it_is_the_end_or_for_whoever_must_miss_nothing_the_start() -> None:
    reader = Reader.__new__(Reader)
    reader._consumer = Consumer()
    assert await reader.offsets_at(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 90}
    assert await reader.offsets_not_after(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 3}
