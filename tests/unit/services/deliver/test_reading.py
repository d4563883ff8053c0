"""What commands and the console read of endpoints, and what is told once more."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson
import pytest
from faust.types import TP
from kafka import KafkaConsumer, TopicPartition

from events.times import render_time
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.signing import webhook_id
from streams.domain.delivery.standing import Standing, Wait, decoded, encoded
from streams.platform.errors import Unusable
from streams.services.deliver import reading
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.beginning import Begun, Expired, Lost
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.outcome_records import logs_of_gone
from streams.services.deliver.reading import EndpointState, endpoint_states
from streams.services.deliver.replaying import Dead, take_in

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


SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
TEXT = """
[[endpoint]]
id = "app"
kind = "webhook"
url = "https://app.example.org/hook"
secrets = ["env:APP_SECRET"]
topics = ["contact-alerts"]

[[endpoint]]
id = "room"
kind = "slack"
url = "file:room-url"
topics = ["system-alerts"]
"""


def read(
    folder: Path, text: str = TEXT, secret: str = SECRET, room: str = "https://hooks.example/x"
) -> list[Destination]:
    path = folder / "endpoints.toml"
    path.write_text(text)
    (folder / "empty").write_text("\n")
    (folder / "room-url").write_text(f"{room}\n")
    return read_destinations(path, {"APP_SECRET": secret}, [])


def test_what_the_file_only_names_is_found(tmp_path: Path) -> None:
    app, room = read(tmp_path)
    assert (app.url, [*app.keys]) == ("https://app.example.org/hook", [b"s" * 32])
    assert room.url == "https://hooks.example/x"


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    assert "sss" not in repr(read(tmp_path))
    assert "hooks.example" not in repr(read(tmp_path))


@pytest.mark.parametrize(
    ("secret", "room", "told"),
    [
        ("", "https://hooks.example/x", "app: secrets: the environment has no APP_SECRET: set it"),
        ("hunter2", "https://hooks.example/x", "app: secrets: each is whsec_ and the base64"),
        (SECRET, "", "room: url:"),
        (SECRET, "http://hooks.example/hunter2", "room: url: what it names does not begin with https://"),
        (SECRET, "https://10.0.0.1/hunter2", "room: url: its address is not a global one; list its network"),
        (SECRET, "https://[::ffff:10.0.0.1]/hunter2", "room: url: its address is not a global one"),
    ],
)
def test_what_cannot_be_used_is_told_and_not_shown(tmp_path: Path, secret: str, room: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, secret=secret, room=room)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:whsec_hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:whsec_hunter2", "app: secrets: file: is followed by where it is held"),
        ("env:https://hooks.example/hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:https://hooks.example/hunter2", "app: secrets: file: is followed by where it is held"),
        ("file:hunter2\\u0000", "app: secrets: file: is followed by where it is held"),
        ("env:NO_SECRET", "app: secrets: the environment has no NO_SECRET: set it"),
        ("file:no-secret", "no-secret cannot be read: No such file or directory"),
        ("file:empty", "empty is empty: put it there"),
    ],
)
def test_a_secret_in_the_place_of_its_name_is_not_shown(tmp_path: Path, reference: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("env:APP_SECRET", reference))
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_each_mistake_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("webhook", "pager").replace("system-alerts", "alerts"))
    lines = str(caught.value).splitlines()
    assert [line.partition("toml: ")[2].rpartition(": is")[0] for line in lines] == [
        "endpoint app: kind",
        "endpoint room: topics, number 1",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"HARMONIA_DELIVER: .*No such file"):
        read_destinations(tmp_path / "none.toml", {}, [])


# What is told once more, without a broker.
CHANGES = TP("segment-changes", 0)


async def test_what_is_read_again_anyway_or_is_too_old_to_know_who_was_erased_is_not_taken_in() -> None:
    table = {"id": "e", "kind": "webhook", "url": "https://e.example", "topics": ["segment-changes"]}
    backlog = Backlog(Endpoint.model_validate({**table, "secrets": ["env:E"]}))
    backlog.begin({CHANGES: Standing("t", 10)}, ())

    async def dead() -> AsyncIterator[Dead]:
        for offset, at in ((7, 100), (8, 99), (10, 100)):
            yield Dead(offset, Place(CHANGES, offset), "t", Wait(0, 0, "l", at))
        yield Dead(9, Place(CHANGES, 9), "t", Wait(0, 0, "m", 99, tells_erasure=True))

    assert await take_in(backlog, dead(), 100) is None
    assert [*backlog.standings[CHANGES].waits] == [7, 9]


# What `delivery-log` says of what can be told no more.
ALERTS = TP("contact-alerts", 3)


def test_what_waited_in_a_topic_that_is_no_more_and_what_expired_unread_are_in_the_log() -> None:
    begun = Begun({}, (), [Lost(Place(ALERTS, 7), "old", 2)], [Expired(Place(ALERTS, 9), "new", 1_200)])
    lost, expired = [orjson.loads(output.value or b"") for output in logs_of_gone("app", begun)]
    assert {lost["fate"], expired["fate"]} == {"gone"}
    assert (lost["id"], lost["offset"], lost["attempts"]) == (webhook_id("app", "old", 3, 7), 7, 2)
    assert (expired["id"], expired["offset"], expired["attempts"]) == (webhook_id("app", "new", 3, 9), 9, 0)
    assert (expired["trouble"], expired["offsets"]) == ("Expired", 1_200)
    assert "offsets" not in lost
