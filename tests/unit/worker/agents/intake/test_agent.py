import asyncio

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.dead_letters import DeadLetter, Origin
from events.identifiers import Hasher
from events.purpose_wall import OPEN, Wall
from events.refusal import Reason
from events.times import render_time
from events.topics import DEAD_LETTERS, INTERACTIONS, QUARANTINE
from streams.domain.quarantine.flood_detection import RefusalCounter
from streams.domain.quarantine.guard import QuarantineGuard
from streams.domain.quarantine.quarantines import Quarantine
from streams.engine import retry
from streams.engine.runs import Run
from streams.engine.writer import Outbox, Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import RECORDS_AT_ONCE, IntakeAgent
from streams.worker.metrics import Metrics
from tests.unit.engine.kafka_records import Fetched
from tests.unit.engine.workplace import everything_that_can
from tests.unit.events.records import NOW, event

INPUT = TP("email-events", 1)
PARTITIONS = 8


class Basket(Outbox):
    """Keeps what is written; fails first as often as told, having taken the records or not: nobody knows."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")))
        self.rounds: list[list[Output]] = []
        self._failures = failures

    async def write(self, outputs: list[Output]) -> None:  # type: ignore[override]
        self.rounds.append(list(outputs))
        if len(self.rounds) <= self._failures:
            raise KafkaConnectionError


class Bench:
    def __init__(self, failures: int = 0, wall: Wall = OPEN) -> None:
        self.basket = Basket(failures)
        self.metrics = Metrics(CollectorRegistry())
        hasher = Hasher([b"a key"])
        self.guard = QuarantineGuard(RefusalCounter(4), hasher)
        self.intake = IntakeAgent(
            *(self.basket, hasher, PARTITIONS, self.metrics, lambda: NOW + 9), guard=self.guard, wall=wall
        )

    async def take(self, *values: bytes | None, topic: str = INPUT.topic) -> list[Output]:
        """What intake makes of records with these values."""
        records = [
            Fetched(offset, value, b"own key", [("own", b"1")], NOW, topic, INPUT.partition)
            for offset, value in enumerate(values, 40)
        ]
        await self.intake(Run(TP(topic, INPUT.partition), records, 40 + len(records), 1))
        return self.basket.rounds[-1]

    def counted(self, outcome: str) -> float | None:
        labels = {"topic": INPUT.topic, "outcome": outcome}
        return self.metrics.registry.get_sample_value("harmonia_interactions_total", labels)


def opened(**fields: object) -> bytes:
    return orjson.dumps(event() | fields)


async def test_an_interaction_tells_when_it_was_appended() -> None:
    [output] = await Bench().take(opened())

    assert list(output.headers) == [("received_at", b"%d" % NOW)]


async def test_a_bad_record_is_a_dead_letter_and_costs_no_neighbour() -> None:
    first, bad, last = await Bench().take(opened(id="1"), b"{", opened(id="2"))

    assert [first.topic, bad.topic, last.topic] == [INTERACTIONS, DEAD_LETTERS, INTERACTIONS]
    assert (bad.partition, bad.key, bad.value) == (INPUT.partition, b"own key", b"{")
    letter = DeadLetter.of(bad.headers)
    assert letter is not None
    assert (letter.refusal.reason, letter.time) == (Reason.NOT_JSON, NOW + 9)
    assert letter.origin == Origin("intake", INPUT.topic, INPUT.partition, 41)
    assert next(iter(bad.headers)) == ("own", b"1")


async def test_what_comes_from_a_refused_source_is_a_dead_letter_and_counted() -> None:
    """Also where the key is written in escapes, which the fast path reads."""
    bench = Bench(wall=Wall({"staff"}))
    rows = [
        {"contact": {"contact_id": "c1"}, "outcome": "contacted", "method": "door", "provenance": {"kind": kind}}
        for kind in ("staff", "self")
    ]
    said = [opened(type="canvass.reported", data=row) for row in rows]
    hidden = said[0].replace(b'"provenance"', b'"\\u0070rovenance"')
    found = await bench.take(said[0], hidden, said[1], opened(), topic="canvass-events")
    assert [each.topic for each in found] == [DEAD_LETTERS, DEAD_LETTERS, INTERACTIONS, DEAD_LETTERS]
    letters = [DeadLetter.of(each.headers) for each in found[:2]]
    assert all(letter is not None and letter.refusal.reason is Reason.REFUSED_SOURCE for letter in letters)
    counted = bench.metrics.registry.get_sample_value(
        "harmonia_dead_letters_total", {"stage": "intake", "reason": "refused_source"}
    )
    assert counted == 2


async def test_a_chunk_that_failed_is_written_again_as_a_whole_and_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.0001)
    bench = Bench(failures=2)

    await bench.take(opened(), opened(), b"{")

    assert len(bench.basket.rounds) == 3
    assert bench.basket.rounds[0] == bench.basket.rounds[2]
    labels = {"stage": "intake", "reason": "not_json"}
    assert (bench.counted("accepted"), bench.counted("refused")) == (2, 1)
    assert bench.metrics.registry.get_sample_value("harmonia_dead_letters_total", labels) == 1


async def test_nothing_is_counted_that_was_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.0001)
    bench = Bench(failures=retry.ATTEMPTS)

    with pytest.raises(KafkaConnectionError):
        await bench.take(opened())

    assert bench.counted("accepted") is None


class SlowBasket(Basket):
    """Takes what is written once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def write(self, outputs: list[Output]) -> None:  # type: ignore[override]
        await super().write(outputs)
        await self.let.wait()


async def test_only_a_few_chunks_are_in_hand_at_once_whatever_the_number_of_partitions() -> None:
    """With forty in hand nobody else had the event loop for seconds, and transactions ran into their time limit."""
    bench = Bench()
    bench.intake._outbox = basket = SlowBasket()
    async with asyncio.TaskGroup() as group:
        for partition in range(10):
            records = [Fetched(1, opened(), b"own key", [], NOW, INPUT.topic, partition)] * (RECORDS_AT_ONCE // 4)
            group.create_task(bench.intake(Run(TP(INPUT.topic, partition), records, 2, 1)))
        await everything_that_can()
        assert len(basket.rounds) == 4
        basket.let.set()
    assert len(basket.rounds) == 10


FLOODING = Quarantine("digital/mailer", NOW, NOW + 1, 4)


async def test_of_a_source_in_quarantine_what_can_wait_is_held_whole() -> None:
    bench = Bench()
    bench.guard.replace_quarantines({FLOODING.source: FLOODING})

    good, bad = await bench.take(opened(id="1"), opened(id="2", time="now"))

    assert [good.topic, bad.topic] == [QUARANTINE, QUARANTINE]
    assert (good.partition, good.key, good.value) == (INPUT.partition, b"own key", opened(id="1"))
    letters = [DeadLetter.of(output.headers) for output in (good, bad)]
    assert [letter and letter.refusal.reason for letter in letters] == [Reason.QUARANTINED, Reason.NO_TIME]
    assert [letter and letter.origin.offset for letter in letters] == [40, 41]
    assert (bench.counted("accepted"), bench.counted("refused"), bench.counted("held")) == (0, 0, 2)


async def test_what_cannot_wait_is_never_held() -> None:
    bench = Bench()
    bench.guard.replace_quarantines({FLOODING.source: FLOODING})

    sent, refusal = await bench.take(*(orjson.dumps(event(type_)) for type_ in ("email.sent", "email.unsubscribed")))

    assert [sent.topic, refusal.topic] == [INTERACTIONS, INTERACTIONS]


async def test_others_are_not_held_nor_is_what_comes_after_the_end() -> None:
    bench = Bench()
    bench.guard.replace_quarantines({FLOODING.source: Quarantine(FLOODING.source, NOW - 9, NOW, 4), "other": FLOODING})

    [output] = await bench.take(opened())

    assert output.topic == INTERACTIONS


async def test_what_is_refused_is_told_to_the_guard() -> None:
    bench = Bench()

    await bench.take(*[opened(id=str(number), time="now") for number in range(4)])

    [suspicion] = bench.guard.take_found()
    assert (suspicion.source, suspicion.refused) == ("digital/mailer", 4)


async def test_an_interaction_with_a_field_that_its_type_does_not_know_is_taken_and_counted() -> None:
    bench = Bench()
    data = {**event()["data"], "purpos": "fundraising"}  # type: ignore[dict-item]

    outputs = await bench.take(opened(), opened(id="2", data=data))

    assert [output.topic for output in outputs] == [INTERACTIONS, INTERACTIONS]
    count = bench.metrics.registry.get_sample_value("harmonia_unknown_fields_total", {"type": "email.opened"})
    assert count == 1


async def test_word_dated_by_its_record_is_counted_by_team() -> None:
    yes = event("consent.changed", channel="email", granted=True) | {"time": render_time(NOW + 55 * 60_000)}
    bench = Bench()
    [output] = await bench.take(orjson.dumps(yes))
    assert orjson.loads(output.value or b"")["time"] == render_time(NOW)
    assert bench.metrics.registry.get_sample_value("harmonia_times_ahead_total", {"team": "digital"}) == 1
