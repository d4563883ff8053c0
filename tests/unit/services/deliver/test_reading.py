"""What commands and the console read of endpoints, without a broker."""

from typing import Any, NamedTuple, cast

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from events.times import render_time
from streams.domain.delivery.standing import Standing, Wait, decoded, encoded
from streams.services.deliver import reading
from streams.services.deliver.reading import EndpointState, endpoint_states

STATUS = {"url": "u", "failures": 2, "open_until": None, "disabled_at": None}
SINCE = "2012-11-06T12:00:00.000Z"
REQUEST = {"since": SINCE, "failed": True, "at": SINCE}


class Held(NamedTuple):
    key: bytes
    value: bytes | None
    offset: int


class Ends:
    """A consumer of topics with two partitions of ten records each."""

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0, 1}

    def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 10)


def test_of_each_partition_the_last_standing_counts_and_no_other_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    last = encoded(Standing("t", 7, {3: Wait(1, 9, "l", 5), 4: Wait(0, 2, "m", 6)}))
    stored: list[tuple[str, Any]] = [
        ("/owner", {"process": "p"}),
        ("app", STATUS),
        ("gone", STATUS),
        ("app/segment-changes/0", b"1"),
        ("app/replay", {"since": "x"}),
        ("app/replay", REQUEST),
        ("gone/system-alerts/0", last),
        ("app/segment-changes/0", last),
        ("app/contact-alerts/1", b"2"),
        ("app/contact-alerts/1", None),
        ("gone/system-alerts/0", None),
        ("gone", None),
        ("gone/replayed", None),
        ("app/of/another/version", b"3"),
        ("app/other", b"4"),
    ]
    held = [
        Held(key.encode(), said if said is None or isinstance(said, bytes) else orjson.dumps(said), offset)
        for offset, (key, said) in enumerate(stored)
    ]
    read: list[bytes] = []

    def noted(value: bytes) -> Standing:
        read.append(value)
        return decoded(value)

    monkeypatch.setattr(reading, "decoded", noted)
    monkeypatch.setattr(reading, "records_of", lambda _, topic: held if topic == "deliveries" else [])
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert read == [last]
    assert (found.id, found.waiting, found.retried, found.next_at, found.oldest_at) == ("app", 2, 1, 9, 5)
    assert (found.unread, found.failures, found.is_asked_to_replay) == (3, 2, True)
    held.append(Held(b"app/replayed", b'{"request":5,"dead_from":null}', 13))
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert not found.is_asked_to_replay


NOW = 1_329_904_800_000


@pytest.mark.parametrize(
    ("changed", "next_at"),
    [
        ({"due_at": None}, None),
        ({}, NOW),
        ({"due_at": NOW + 5_000}, NOW + 5_000),
        ({"open_until": render_time(NOW + 9_000), "due_at": NOW + 5_000}, NOW + 9_000),
        ({"open_until": render_time(NOW - 9_000), "due_at": NOW - 5_000}, NOW),
        ({"open_until": render_time(NOW + 9_000), "disabled_at": render_time(NOW - 1)}, None),
    ],
    ids=["nothing waits", "due", "later", "left alone for longer", "left alone until a while ago", "disabled"],
)
def test_the_next_attempt_is_when_something_will_be_sent(changed: dict[str, Any], next_at: int | None) -> None:
    due = EndpointState("app", 2, 1, 9, 5, 0, 0, 2, None, None, is_asked_to_replay=False, due_at=NOW - 60_000)
    assert due._replace(**changed).next_attempt(NOW) == next_at


def test_what_an_earlier_one_of_its_contact_holds_back_is_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {3: Wait(1, NOW + 30_000, "l", 5), 4: Wait(0, NOW - 2, "l", 6), 5: Wait(1, NOW + 60_000, "m", 6)}
    held = [Held(b"app", orjson.dumps(STATUS), 0), Held(b"app/system-alerts/0", encoded(Standing("t", 7, waits)), 1)]
    monkeypatch.setattr(reading, "records_of", lambda _, topic: held if topic == "deliveries" else [])
    [found] = endpoint_states(cast(KafkaConsumer, Ends()))
    assert found.next_attempt(NOW) == NOW + 30_000
