"""Nobody is erased for doing nothing while what they did may still wait to be heard."""

import pytest

from streams.domain.messages import english, message
from streams.domain.quarantine.held_records import ListedSource
from streams.operations.status.observations import KafkaObservation, TopicFlow
from streams.services.retention.backlog import held_back, unheard

MAILER = ListedSource("digital/mailer", "2012-03-01T12:00:00.000Z", "2012-03-01T12:16:00.000Z", True, 1_234)


@pytest.mark.parametrize("topic", ["donation-events", "outreach-events", "interactions", "contact-fragments"])
def test_a_gift_that_waits_would_be_overtaken_by_the_command(topic: str) -> None:
    """The commands come by a topic of their own, in which nothing waits."""
    flows = [TopicFlow("contact-commands", 8), TopicFlow(topic, 8, lag=5, waits_s=7_200)]
    found = unheard(KafkaObservation("Stable", 2, flows))
    assert found is not None
    assert english(found) == f"{topic}: the oldest record has waited for 7,200 s"


def test_what_has_come_in_the_last_seconds_is_no_backlog_nor_is_what_tells_nothing_of_people() -> None:
    flows = [TopicFlow("donation-events", 8, lag=5, waits_s=2), TopicFlow("experiment-partials", 1, 9, waits_s=900)]
    assert unheard(KafkaObservation("Stable", 2, flows)) is None


def test_without_a_worker_or_kafka_nobody_knows_what_was_heard() -> None:
    assert unheard(KafkaObservation("Empty", 0, [])) == message("status.no_worker")
    away = message("text", text="away")
    assert unheard(away) == away


def test_a_source_in_quarantine_is_told_with_what_waits_of_it() -> None:
    [told] = held_back(KafkaObservation("Stable", 2, [], quarantines=[MAILER]))
    assert english(told).startswith("digital/mailer")
    assert "1234" in english(told) or "1,234" in english(told)
    assert not [*held_back(KafkaObservation("Stable", 2, []))]
