"""A consumer fetches at once after a rest, and no more often than is worth it while much comes in."""

from types import SimpleNamespace

from streams.engine.aiokafka_patches.fetch_requests import AT_ONCE, EVERY_S, IDLE_WAIT_MS, pace_fetches

FIRST, SECOND = 1, 2
SHORT_MS = 50


class Consumer:
    """A fetcher of aiokafka's as far as the pace needs it, and a clock. `leading`: the brokers that are to be asked."""

    def __init__(self, *leading: int) -> None:
        self.seconds, self.plans, self.leading = 0.0, 0, leading
        self.fetcher = SimpleNamespace(
            _get_actions_per_node=self._plan,
            _fetch_max_wait_ms=SHORT_MS,
            _fetcher_timeout=0.2,
            _in_flight=set[int](),
            _records={},
        )
        pace_fetches(self.fetcher, lambda: self.seconds)

    def _plan(self, assignment: object) -> object:
        self.plans += 1
        waits = self.fetcher._fetch_max_wait_ms
        requests = [(broker, waits) for broker in self.leading if broker not in self.fetcher._in_flight]
        return requests, {}, 0.2, False, []

    def asks(self) -> tuple[list[int], float]:
        """Which brokers it asks now, and in how many seconds it looks again at the latest."""
        requests, _, pause, _, _ = self.fetcher._get_actions_per_node(object())
        return [broker for broker, _ in requests], pause

    def waits_ms(self) -> int:
        """How long its next fetch waits for a record."""
        [(_, waits)], *_ = self.fetcher._get_actions_per_node(object())
        return int(waits)


def test_after_a_rest_some_fetches_follow_each_other_without_a_pause() -> None:
    consumer = Consumer(FIRST)

    assert [consumer.asks()[0] for _ in range(AT_ONCE)] == [[FIRST]] * AT_ONCE


def test_what_comes_all_the_time_is_fetched_together_after_a_pause() -> None:
    consumer = Consumer(FIRST)
    for _ in range(AT_ONCE):
        consumer.asks()

    brokers, pause = consumer.asks()

    assert (brokers, pause) == ([], EVERY_S)
    consumer.seconds += pause / 2
    brokers, left = consumer.asks()
    assert (brokers, left) == ([], EVERY_S / 2)
    consumer.seconds += pause / 2
    assert consumer.asks()[0] == [FIRST]
    assert consumer.asks()[0] == []


def test_however_long_the_rest_was_no_more_fetches_follow_each_other() -> None:
    consumer = Consumer(FIRST)
    consumer.seconds = 3_600.0

    asked = [consumer.asks()[0] for _ in range(AT_ONCE + 3)]

    assert asked == [[FIRST]] * AT_ONCE + [[]] * 3


def test_a_look_that_asks_nobody_takes_nothing_of_what_may_follow() -> None:
    consumer = Consumer()
    for _ in range(AT_ONCE + 1):
        consumer.asks()
    consumer.leading = (FIRST,)

    assert consumer.asks()[0] == [FIRST]


def test_nothing_is_planned_while_every_broker_has_a_fetch_to_answer() -> None:
    consumer = Consumer(FIRST, SECOND)
    consumer.asks()

    consumer.fetcher._in_flight = {FIRST, SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([], 1)
    consumer.fetcher._in_flight = {SECOND}
    assert (consumer.asks()[0], consumer.plans) == ([FIRST], 2)


def test_a_broker_that_leads_of_late_is_asked_once_a_fetch_is_answered() -> None:
    consumer = Consumer(FIRST)
    consumer.asks()
    consumer.leading = (FIRST, SECOND)

    consumer.fetcher._in_flight = set()
    assert consumer.asks()[0] == [FIRST, SECOND]
    consumer.fetcher._in_flight = {FIRST}
    assert consumer.asks()[0] == [SECOND]


def test_a_fetch_waits_long_unless_records_wait_to_be_handed_on() -> None:
    consumer = Consumer(FIRST)

    assert consumer.waits_ms() == IDLE_WAIT_MS
    consumer.fetcher._records = {"a partition": "its records"}
    assert consumer.waits_ms() == SHORT_MS
