"""Offsets of partitions whose leader is not known yet, as for a moment after a topic was made."""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import pytest
import typer
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.structs import OffsetAndTimestamp

from streams.cli.failures import failing_plainly
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)
BOTH = [FIRST, SECOND]
AT = OffsetAndTimestamp(7, 1000, -1)
SOME, ALL = {FIRST: AT}, {FIRST: AT, SECOND: AT}
"""What the library hears while it knows one leader of two, and once it knows both."""
Ask = Callable[[KafkaConsumer], dict[TopicPartition, Any]]


class Net:
    """Gives these answers of brokers to the library, in turn."""

    def __init__(self, answers: Iterable[dict[TopicPartition, OffsetAndTimestamp]]) -> None:
        self._answers: Iterator[dict[TopicPartition, OffsetAndTimestamp]] = iter(answers)

    def run(self, *_: object) -> dict[TopicPartition, OffsetAndTimestamp]:
        return dict(next(self._answers))


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., KafkaConsumer]:
    """The consumer of commands, whose brokers answer so."""

    def unconnected(self: KafkaConsumer, **config: Any) -> None:
        self.config = {**KafkaConsumer.DEFAULT_CONFIG, **config}

    def made(answers: Iterable[dict[TopicPartition, OffsetAndTimestamp]], **config: int) -> KafkaConsumer:
        monkeypatch.setattr(KafkaConsumer, "__init__", unconnected)
        monkeypatch.setattr(KafkaClients, "require_reachable", lambda _: None)
        consumer = KafkaClients(Settings()).tool_consumer()
        consumer.config |= config
        consumer._fetcher = Fetcher.__new__(Fetcher)
        consumer._fetcher._net = Net(answers)
        return consumer

    return made


@pytest.mark.parametrize(
    "ask", [lambda one: one.end_offsets(BOTH), lambda one: one.beginning_offsets(BOTH)], ids=["end", "beginning"]
)
def test_offsets_are_asked_for_again_until_every_partition_has_a_leader(
    hearing: Callable[..., KafkaConsumer], ask: Ask
) -> None:
    assert ask(hearing([SOME, {SECOND: AT}, SOME, ALL])) == {FIRST: 7, SECOND: 7}


def test_a_partition_without_a_leader_is_not_taken_for_one_without_later_records(
    hearing: Callable[..., KafkaConsumer],
) -> None:
    assert hearing([SOME, ALL, ALL]).offsets_for_times(dict.fromkeys(BOTH, 1000)) == ALL


def test_a_leader_that_does_not_come_is_told_as_a_kafka_that_is_away(
    hearing: Callable[..., KafkaConsumer], capsys: pytest.CaptureFixture[str]
) -> None:
    consumer = hearing(repeat(SOME), request_timeout_ms=0)
    with pytest.raises(typer.Exit), failing_plainly():
        consumer.end_offsets(BOTH)
    assert "Kafka: LeaderNotAvailableError; is KAFKA_BOOTSTRAP right" in capsys.readouterr().err
