"""How a consumer fetches: how often, and from where it says that reading began."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.structs import TopicPartition

from streams.engine.aiokafka_patches import fetch_requests
from streams.engine.aiokafka_patches.fetched_records import MOST_BYTES, DrainedRecords, FetchedRecord, _FetchResult

FIRST, SECOND = 1, 2
SHORT_MS = 50


class Consumer:
    """A fetcher of aiokafka's as far as the pace needs it, and a clock. `leading`: who leads each of its partitions."""

    def __init__(self, *leading: int | None) -> None:
        self.seconds, self.plans = 0.0, 0
        self.cluster: SimpleNamespace = SimpleNamespace(leader_for_partition=lambda tp: self.cluster._partitions[tp])
        self.fetcher = SimpleNamespace(
            _client=SimpleNamespace(cluster=self.cluster),
            _get_actions_per_node=self._plan,
            _fetch_max_wait_ms=SHORT_MS,
            _fetcher_timeout=0.2,
            _in_flight=set[int](),
            _records={},
        )
        self.assign(*leading)
        fetch_requests.pace_fetches(self.fetcher, lambda: self.seconds)

    def assign(self, *leading: int | None) -> None:
        self.assignment = SimpleNamespace(tps=range(len(leading)))
        self.lead(*leading)

    def lead(self, *leading: int | None) -> None:
        """New metadata."""
        self.cluster._partitions = dict(enumerate(leading))

    def _plan(self, assignment: SimpleNamespace) -> object:
        self.plans += 1
        leading = {self.cluster.leader_for_partition(tp) for tp in assignment.tps}
        free = sorted(broker for broker in leading - self.fetcher._in_flight if broker is not None)
        return [(broker, self.fetcher._fetch_max_wait_ms) for broker in free], {}, 0.2, None in leading, []

    def asks(self) -> tuple[list[int], float]:
        """Which brokers it asks now, and in how many seconds it looks again at the latest."""
        requests, _, pause, _, _ = self.fetcher._get_actions_per_node(self.assignment)
        return [broker for broker, _ in requests], pause

    def waits_ms(self) -> int:
        """How long its next fetch waits for a record."""
        [(_, waits)], *_ = self.fetcher._get_actions_per_node(self.assignment)
        return int(waits)


def test_what_comes_all_the_time_is_fetched_together_after_a_pause() -> None:
    consumer = Consumer(FIRST)
    for _ in range(fetch_requests.AT_ONCE):
        consumer.asks()

    brokers, pause = consumer.asks()

    assert (brokers, pause) == ([], fetch_requests.EVERY_S)
    consumer.seconds += pause / 2
    brokers, left = consumer.asks()
    assert (brokers, left) == ([], fetch_requests.EVERY_S / 2)
    consumer.seconds += pause / 2
    assert consumer.asks()[0] == [FIRST]
    assert consumer.asks()[0] == []


def test_however_long_the_rest_was_no_more_fetches_follow_each_other() -> None:
    consumer = Consumer(FIRST)
    consumer.seconds = 3_600.0

    asked = [consumer.asks()[0] for _ in range(fetch_requests.AT_ONCE + 3)]

    assert asked == [[FIRST]] * fetch_requests.AT_ONCE + [[]] * 3


def test_a_look_that_asks_nobody_takes_nothing_of_what_may_follow() -> None:
    consumer = Consumer()
    for _ in range(fetch_requests.AT_ONCE + 1):
        consumer.asks()
    consumer.assign(FIRST)

    assert consumer.asks()[0] == [FIRST]


def test_nothing_is_planned_while_every_leader_has_a_fetch_to_answer() -> None:
    consumer = Consumer(FIRST, SECOND, FIRST)
    consumer.asks()

    consumer.fetcher._in_flight = {FIRST, SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([], 1)
    consumer.fetcher._in_flight = {SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([FIRST], 2)


def test_a_broker_that_leads_of_late_is_asked_while_the_former_one_does_not_answer() -> None:
    consumer = Consumer(FIRST)
    consumer.asks()
    consumer.fetcher._in_flight = {FIRST}

    consumer.lead(SECOND)

    assert consumer.asks()[0] == [SECOND]


def test_a_leader_that_is_not_known_is_asked_for_while_others_do_not_answer() -> None:
    consumer = Consumer(FIRST, None)
    consumer.fetcher._in_flight = {FIRST}

    *_, is_metadata_wanted, _ = consumer.fetcher._get_actions_per_node(consumer.assignment)

    assert is_metadata_wanted


def test_nothing_is_planned_either_once_a_broker_that_was_asked_leads_no_more() -> None:
    consumer = Consumer(FIRST, SECOND)
    consumer.asks()
    consumer.assign(SECOND)
    consumer.fetcher._in_flight = {SECOND}

    assert (consumer.asks()[0], consumer.plans) == ([], 1)


def test_a_fetch_waits_long_unless_records_wait_to_be_handed_on() -> None:
    consumer = Consumer(FIRST)

    assert consumer.waits_ms() == fetch_requests.IDLE_WAIT_MS
    consumer.fetcher._records = {"a partition": "its records"}
    assert consumer.waits_ms() == SHORT_MS


async def test_a_consumer_that_hears_little_looks_less_often_than_aiokafka_does() -> None:
    client = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=1000)
    fetcher = Fetcher(client, SubscriptionState())
    before = fetcher._fetcher_timeout
    fetch_requests.rest_longer(SimpleNamespace(_fetcher=fetcher))
    assert fetcher._fetcher_timeout == fetch_requests.REST_S > before
    await fetcher.close()


# Drained records say where reading began, also where the consumer has jumped since it was asked.
TP = TopicPartition("interactions", 0)


class Records:
    """What a fetch brought, as aiokafka unpacks it: the position moves with each record."""

    def __init__(self, position: int, offsets: range, value: bytes) -> None:
        self.next_fetch_offset = position
        self._offsets = iter(offsets)
        self._value = value

    def __iter__(self) -> Iterator[FetchedRecord]:
        return self

    def __next__(self) -> FetchedRecord:
        offset = next(self._offsets)
        self.next_fetch_offset = offset + 1
        return FetchedRecord(TP.topic, TP.partition, offset, 0, b"k", self._value, ())


class State:
    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


def result(position: int, offsets: range, value: bytes = b"v") -> _FetchResult:
    state = State(position)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    return _FetchResult(TP, assignment=assignment, partition_records=Records(position, offsets, value), backoff=0.1)


def drained(found: DrainedRecords) -> tuple[int, list[int]]:
    return found.start, [record.offset for record in found]


def test_reading_begins_at_the_position_and_not_at_the_first_record() -> None:
    """Between the two are markers, or records of transactions that were aborted."""
    assert drained(result(50, range(53, 56)).getall()) == (50, [53, 54, 55])


def test_a_part_begins_where_the_last_one_ended() -> None:
    fetched = result(50, range(53, 56))

    assert drained(fetched.getall(2)) == (50, [53, 54])
    assert drained(fetched.getall(2)) == (55, [55])


@pytest.mark.parametrize("moved_to", [49, 90])
def test_nothing_is_drained_of_another_position(moved_to: int) -> None:
    fetched = result(50, range(53, 56))
    fetched._assignment.state_value(TP).position = moved_to

    assert list(fetched.getall()) == []


def test_no_more_is_handed_out_at_once_than_some_megabytes_and_nothing_of_the_rest_is_lost() -> None:
    """Batches of a kilobyte may each hold 32 MiB: two thousand of them at once were more than any machine has."""
    fetched = result(0, range(5), bytes(MOST_BYTES // 2))

    assert drained(fetched.getall(2_000)) == (0, [0, 1])
    assert drained(fetched.getall()) == (2, [2, 3])
    assert fetched.has_more()
    assert drained(fetched.getall(2_000)) == (4, [4])
    assert not fetched.has_more()
