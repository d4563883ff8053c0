"""The backlog of an endpoint."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
import pytest
from faust.types import TP
from msgspec.structs import replace

from events.topics import (
    CONTACT_ALERTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_CHANGES,
    SYSTEM_ALERTS,
)
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.notices import SourceRecord
from streams.domain.delivery.standing import Standing, Wait, decoded, encoded
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver.backlog import Backlog, Place
from streams.services.deliver.beginning import begun, made_anew, unread_and_gone, within
from streams.services.deliver.journal import Journal
from streams.services.deliver.replaying import Dead, take_in
from streams.services.deliver.unstored import STORE_EVERY_S, STORED_A_SECOND, Unstored
from tests.unit.services.deliver.test_reading import Kept
from tests.unit.services.deliver.test_reading import reader as reader_of

CHANGES, ALERTS, STATES, SHUT = (
    TP(topic, 0) for topic in (SEGMENT_CHANGES, CONTACT_ALERTS, CONTACT_STATE, CONTACT_SUPPRESSIONS)
)
SYSTEM, RESULTS = TP(SYSTEM_ALERTS, 0), TP(EXPERIMENT_RESULTS, 0)
MINUTE, HOUR = 60_000, 3_600_000
NOW = 500_000_000


def backlog(*tps: TP, kind: str = "webhook") -> Backlog:
    topics = sorted({tp.topic for tp in tps} - {CONTACT_STATE})
    more = {"webhook": {"secrets": ["env:E"]}, "slack": {}}[kind]
    endpoint = Endpoint.model_validate({"id": "e", "kind": kind, "url": "https://e.example", "topics": topics} | more)
    found = Backlog(endpoint)
    found.begin({tp: Standing("t", 0) for tp in tps}, ())
    return found


def change(name: str, at: int, cause: str = "interaction") -> SourceRecord:
    said = {"contact_id": name, "version": 1, "at": "…", "cause": cause, "entered": ["a"], "left": []}
    return SourceRecord(SEGMENT_CHANGES, name.encode(), orjson.dumps(said | {"profile_version": 1}), at)


def alert(name: str, at: int) -> SourceRecord:
    said = {"alert_id": "1", "rule": "over_cap", "contact_id": name, "at": "…", "evidence": [], "detail": "…"}
    return SourceRecord(CONTACT_ALERTS, name.encode(), orjson.dumps(said), at)


def system_alert(subject: str, at: int) -> SourceRecord:
    said = {"alert_id": "1", "rule": "complaints", "subject": subject, "at": "…", "evidence": [], "detail": "…"}
    return SourceRecord(SYSTEM_ALERTS, subject.encode(), orjson.dumps(said), at)


def result(status: str, at: int) -> SourceRecord:
    said = {"experiment": "x", "as_of": "…", "status": status, "comparisons": [], "guardrails": []}
    return SourceRecord(EXPERIMENT_RESULTS, b"x", orjson.dumps(said), at)


def erasure(name: str, at: int) -> SourceRecord:
    return SourceRecord(CONTACT_STATE, name.encode(), None, at, "erased")


def closed(name: str, reason: str, at: int) -> SourceRecord:
    said = {"email": {"reason": reason, "since": "…", "source": "s", "id": "1"}}
    return SourceRecord(CONTACT_SUPPRESSIONS, name.encode(), orjson.dumps(said), at)


def admit(to: Backlog, now: int = NOW, **read: Sequence[SourceRecord]) -> None:
    """Have it take in records, by the name of their topic, behind what it has."""
    found: dict[TP, list[tuple[int, SourceRecord]]] = {}
    positions: dict[TP, int] = {tp: standing.position for tp, standing in to.standings.items()}
    for topic, records in read.items():
        tp = TP(topic.replace("_", "-"), 0)
        found[tp] = [*enumerate(records, positions[tp])]
        positions[tp] += len(records)
    to.admit(found, positions, now)


def times(of: Backlog, place: Place) -> int:
    wait = of.wait_of(place)
    return 0 if wait is None else wait.times


def waiting(of: Backlog) -> Mapping[TP, list[int]]:
    return {tp: [*standing.waits] for tp, standing in of.standings.items() if standing.waits}


SHUT_SINCE = [closed("c", "complained", 10), closed("c", "erased", 19)]


@pytest.mark.parametrize(
    ("read", "left"),
    [
        ({"segment_changes": [change("c", 10), change("d", 10)], "contact_alerts": [alert("c", 11)]}, {CHANGES: [1]}),
        ({"segment_changes": [change("c", 10), change("c", 30)]}, {CHANGES: [1]}),
        ({"segment_changes": [change("c", 19, "erased")]}, {CHANGES: [0]}),
        ({"contact_suppressions": SHUT_SINCE}, {SHUT: [1]}),
    ],
    ids=["in every topic", "the older", "another topic tells of it too", "channels are closed since"],
)
@pytest.mark.parametrize("late", [False, True])
def test_an_erasure_drops_what_is_older_of_its_contact_though_it_was_read_late(
    read: dict[str, list[SourceRecord]], left: dict[TP, list[int]], late: bool
) -> None:
    told, erased = backlog(CHANGES, ALERTS, SHUT, STATES), {"contact_state": [erasure("c", 20)]}
    for each in (erased, read) if late else (read, erased):
        admit(told, NOW, **each)
    assert waiting(told) == {**left, STATES: [0]}


def test_what_came_after_an_erasure_is_told_though_it_was_read_and_tried_before() -> None:
    """Topics are read side by side, so a person may have come again before their erasure is read."""
    told = backlog(CHANGES, STATES)
    admit(told, segment_changes=[change("c", 30)])
    told.settle(Place(CHANGES, 0), "refused", NOW)
    admit(told, contact_state=[erasure("c", 20)])
    assert waiting(told) == {CHANGES: [0], STATES: [0]}


def test_of_one_contact_one_record_is_under_way_in_all_topics() -> None:
    told = backlog(CHANGES, ALERTS)
    admit(told, segment_changes=[change("c", 10), change("d", 10)], contact_alerts=[alert("c", 10)])
    first = told.ready((), NOW, 16)
    assert len(first) == 2
    wait = told.wait_of(Place(CHANGES, 0))
    assert wait is not None
    assert Place(ALERTS, 0) not in told.ready((wait.line,), NOW, 16)


def test_an_experiment_is_told_when_what_is_told_of_it_changes() -> None:
    told = backlog(RESULTS)
    admit(told, experiment_results=[result("running", 1), result("running", 2), result("ended", 3)])
    assert waiting(told) == {RESULTS: [0, 2]}


def test_markers_move_the_position_and_it_is_stored() -> None:
    told = backlog(CHANGES)
    told.admit({}, {CHANGES: 5}, NOW)
    assert {tp: standing.position for tp, standing in told.changed().items()} == {CHANGES: 5}
    assert not told.has_changed


def test_while_disabled_only_erasures_are_read() -> None:
    told = backlog(CHANGES, STATES)
    assert told.with_room(erasures_only=True) == [STATES]


def test_a_line_is_told_after_a_minute_and_again_after_an_hour_with_all_that_came() -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert("spring", 1), system_alert("spring", 2)])
    assert room.digest(NOW + MINUTE - 1) == []
    first = room.digest(NOW + MINUTE)
    assert [(place.offset, times(room, place)) for place in first] == [(0, 2)]
    for place in first:
        room.settle(place, "delivered", NOW + MINUTE)
    for minutes in (2, 30, 59):
        admit(room, NOW + minutes * MINUTE, system_alerts=[system_alert("spring", 3)])
    admit(room, NOW + 30 * MINUTE, system_alerts=[system_alert("autumn", 3)])
    assert [place.offset for place in room.digest(NOW + 31 * MINUTE)] == [5]
    room.settle(Place(SYSTEM, 5), "delivered", NOW)
    assert room.digest(NOW + HOUR) == []
    assert [(place.offset, times(room, place)) for place in room.digest(NOW + HOUR + MINUTE)] == [(2, 3)]


def test_contacts_of_a_channel_are_one_line() -> None:
    room = backlog(ALERTS, kind="slack")
    admit(room, contact_alerts=[alert(f"c-{number}", 1) for number in range(30)])
    assert room.digest(NOW) == []
    assert [times(room, place) for place in room.digest(NOW + MINUTE)] == [30]


def test_the_next_message_is_sent_a_minute_after_the_last_was_taken() -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert(f"campaign {number}", 1) for number in range(40)])
    first = room.digest(NOW)
    for place in first:
        room.settle(place, "delivered", NOW)
    assert len(first) == 20
    assert room.digest(NOW + MINUTE - 1) == []
    assert len(room.digest(NOW + MINUTE)) == 20


def test_what_failed_together_is_told_together_again_and_nothing_else_with_it() -> None:
    """Or its id, by which a copy is known, would stand for something else."""
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert("a", 1), system_alert("b", 1)])
    first = room.digest(NOW + MINUTE)
    for place in first:
        room.settle(place, "failed", NOW + MINUTE)
    admit(room, NOW + MINUTE, system_alerts=[system_alert("c", 1)])
    assert room.digest(NOW + HOUR) == first


@pytest.mark.parametrize("value", [b"[]", b"3", b"{}", b"\xff", b'{"rule": 1}'])
def test_what_is_no_alert_stops_nothing(value: Any) -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[SourceRecord(SYSTEM_ALERTS, b"x", value, 1), system_alert("a", 1)])
    assert waiting(room) == {SYSTEM: [1]}


def test_a_line_whose_time_has_not_come_is_not_owed_and_one_that_failed_is() -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert("a", 1)])
    assert not room.is_owed(NOW)
    assert room.is_owed(NOW + MINUTE)
    room.settle(Place(SYSTEM, 0), "failed", NOW)
    assert room.is_owed(NOW)


def test_of_contacts_nothing_is_told_that_is_older_than_six_days_but_erasures_and_it_is_counted() -> None:
    told, now = backlog(CHANGES, ALERTS, SHUT, STATES), 7 * 24 * HOUR
    admit(told, now, segment_changes=[change("c", 10), change("d", 10, "erased"), change("e", now - 6 * 24 * HOUR)])
    admit(told, now, contact_alerts=[alert("c", 10)], contact_state=[erasure("f", 10)])
    admit(told, now, contact_suppressions=[closed("c", "complained", 10), closed("g", "erased", 10)])
    assert waiting(told) == {CHANGES: [1, 2], SHUT: [1], STATES: [0]}
    assert (told.passed_over(), told.passed_over()) == (3, 0)


def test_what_is_not_of_contacts_is_told_however_old_it_is() -> None:
    room, app = backlog(SYSTEM, ALERTS, kind="slack"), backlog(SYSTEM)
    for each in (room, app):
        admit(each, 30 * 24 * HOUR, system_alerts=[system_alert("a", 1)])
    admit(room, 30 * 24 * HOUR, contact_alerts=[alert("c", 1)])
    assert (waiting(room), waiting(app)) == ({SYSTEM: [0], ALERTS: [0]}, {SYSTEM: [0]})
    assert room.passed_over() == 0


def test_whom_to_forget_is_stored_until_it_is_told_and_is_never_given_up() -> None:
    """The topic may drop the record, whose key alone has the id, while an endpoint is away."""
    told, place = backlog(CHANGES, STATES), Place(STATES, 0)
    admit(told, contact_state=[erasure("c", 20)])
    for _ in range(12):
        wait = decoded(encoded(told.standings[STATES])).waits[0]
        assert (wait.forgotten, wait.at) == ("c", 20)
        fate, _ = told.settle(place, "failed", NOW)
        assert fate == "waiting"
    assert told.ready((), NOW + 24 * HOUR, 1) == [place]
    told.settle(place, "delivered", NOW)
    assert b'"c"' not in encoded(told.standings[STATES])


def test_an_endpoint_that_is_disabled_takes_more_erasures_in_than_records() -> None:
    told = backlog(CHANGES, STATES)
    admit(told, segment_changes=[change(f"c-{n}", 10) for n in range(1_000)])
    admit(told, contact_state=[erasure(f"d-{n}", 10) for n in range(1_000)])
    assert told.with_room(erasures_only=True) == told.with_room(erasures_only=False) == [STATES]
    admit(told, contact_state=[erasure(f"e-{n}", 10) for n in range(4_000)])
    assert told.with_room(erasures_only=True) == []


def test_what_is_stored_of_a_partition_is_no_more_than_kafka_takes_in_one_record_however_long_ids_are() -> None:
    told = backlog(CHANGES, STATES)
    for first in range(0, 6_000, 500):
        if told.with_room(erasures_only=True):
            admit(told, contact_state=[erasure(f"{n:0256}", 10) for n in range(first, first + 500)])
    assert 500_000 < len(encoded(told.standings[STATES])) < 1_000_000


def test_a_wait_that_was_stored_without_whom_to_forget_is_read() -> None:
    stored = b'{"topic_id":"t","position":3,"waits":{"1":[0,5,"l",7,true]}}'
    assert decoded(stored).waits == {1: Wait(0, 5, "l", 7, tells_erasure=True)}


def test_a_line_that_comes_for_ever_takes_the_room_of_one_while_its_channel_is_down() -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert("often", 1)])
    room.settle(Place(SYSTEM, 0), "failed", NOW)
    admit(room, system_alerts=[system_alert("often", n) for n in range(5_000)])
    admit(room, system_alerts=[system_alert("other", 1)])
    assert waiting(room) == {SYSTEM: [0, 1, 5_001]}
    assert room.with_room(erasures_only=False) == [SYSTEM]
    assert [times(room, Place(SYSTEM, offset)) for offset in (0, 1, 5_001)] == [1, 5_000, 1]
    assert decoded(encoded(room.standings[SYSTEM])) == room.standings[SYSTEM]


def test_what_comes_while_its_line_is_being_told_is_told_later() -> None:
    room = backlog(SYSTEM, kind="slack")
    admit(room, system_alerts=[system_alert("a", 1)])
    first = room.digest(NOW + MINUTE)
    room.begin_telling(first)
    admit(room, NOW + MINUTE, system_alerts=[system_alert("a", 2), system_alert("a", 3)])
    room.settle(first[0], "delivered", NOW + MINUTE)
    assert waiting(room) == {SYSTEM: [1]}
    assert times(room, Place(SYSTEM, 1)) == 2


def test_what_may_be_told_is_the_earliest_of_all_partitions_and_follows_every_change() -> None:
    told = backlog(CHANGES, ALERTS)
    admit(told, NOW + 2, segment_changes=[change("c", 10), change("c", 11), change("d", 10)])
    admit(told, NOW + 1, contact_alerts=[alert("e", 10)])
    assert told.ready((), NOW, 16) == []
    assert told.ready((), NOW + 1, 16) == [Place(ALERTS, 0)]
    assert told.ready((), NOW + 2, 2) == [Place(ALERTS, 0), Place(CHANGES, 0)]
    told.settle(Place(CHANGES, 0), "delivered", NOW + 2)
    assert told.ready((), NOW + 2, 16) == [Place(ALERTS, 0), Place(CHANGES, 1), Place(CHANGES, 2)]


JOURNAL = Journal(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})


@pytest.mark.parametrize(
    ("position", "start", "end", "goes_on", "expired"),
    [(5, 0, 9, 5, 0), (5, 8, 9, 8, 3), (5, 0, 3, 3, 0), (0, 4, 9, 4, 4)],
)
def test_reading_goes_on_where_the_topic_has_something_and_what_is_gone_unread_is_counted(
    position: int, start: int, end: int, goes_on: int, expired: int
) -> None:
    standing = Standing("t", position)
    assert within(ROOM, TP("system-alerts", 0), standing, start, end).position == goes_on
    assert unread_and_gone(standing, start) == expired


def test_of_a_topic_that_was_made_anew_all_is_told_where_something_waited_and_whom_to_forget_first() -> None:
    said = Standing("old", 9, said={"ask": "f"})
    assert made_anew(said, "new") == Standing("new", 0, said={"ask": "f"})
    waits = {7: Wait(1, 9, "l", 5), 8: Wait(2, 9, "m", 6, True, "ada"), 9: Wait(0, 9, "n", 7, True, "eve")}
    anew = made_anew(replace(said, waits=waits, told_of_contacts=True), "new")
    assert anew == Standing("new", 0, {-2: waits[8], -1: waits[9]}, told_of_contacts=True)
    assert decoded(encoded(anew)) == anew


@pytest.mark.parametrize("start", ["1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "earliest"])
async def test_one_that_begins_before_there_was_anything_begins_at_the_start(start: str) -> None:
    """Kafka refuses to be asked for a time before 1970."""
    room, alerts = ROOM.model_copy(update={"start": start}), TP("system-alerts", 0)
    reader = reader_of({alerts: [Kept("system-alerts", b"a", b"{}", 5, 2)]})
    found = await begun(room, JOURNAL, {"system-alerts": ("t", 1)}, reader, 10)
    assert found.standings == {alerts: Standing("t", 0)}


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


def test_what_was_told_is_stored_at_once_where_nothing_else_is_under_way() -> None:
    unstored = Unstored()
    unstored.note(100, 10.0)
    assert unstored.due_in(10.001, is_busy=False) == 0
    assert 0 < unstored.due_in(10.001, is_busy=True) < STORE_EVERY_S
    assert unstored.due_in(10.0 + STORE_EVERY_S, is_busy=True) == 0


def test_the_more_was_written_the_later_it_is_written_again() -> None:
    unstored = Unstored()
    unstored.note(STORED_A_SECOND // 2, 10.0)
    for is_busy in (True, False):
        assert unstored.due_in(10.0, is_busy=is_busy) == 0.5
        assert unstored.due_in(10.5, is_busy=is_busy) == 0
