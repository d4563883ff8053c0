"""Segments where things seldom happen: defined anew at once, no time known yet, a worker that knew no segments."""

from dataclasses import dataclass

import orjson
import pytest

from events.envelope import Interaction
from events.json_types import JSON
from events.topics import CONTACT_SEGMENTS, SEGMENT_DEFINITIONS, SEGMENT_WORK
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.derived_view import give_up
from streams.domain.segments import definition_files
from streams.domain.segments.conditions import KINDS
from streams.domain.segments.person import Person, whole_person
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.writer import Output
from streams.worker.agents.segments import membership_changes
from streams.worker.agents.segments.membership_changes import READINGS, MembershipChanges
from streams.worker.agents.segments.records import TICK, work_record
from streams.worker.agents.segments.registry import restored_segments
from tests.property.domain.segments.definitions import Table
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.world import PARTITIONS
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import DAY, HOUR
from tests.unit.events.records import NOW

EVERYBODY: Table = {"id": "everybody", "owner": "desk", "none": [{"gifts": "count", "at_least": 99}]}
HEARD_OF: Table = {"id": "heard-of", "owner": "desk", "all": [{"seen": "last", "within": "700d"}]}
RECENT: Table = {"id": "recent", "owner": "desk", "all": [{"seen": "last", "within": "7d"}]}


class Dated(Town):
    """A town in which every record has been appended at some time."""

    def _append(self, output: Output, at: int) -> None:
        super()._append(output, at or NOW)


def gift(name: str) -> Interaction:
    said: dict[str, JSON] = {"donation_id": f"actblue:{name}", "amount": 500, "currency": "USD"}
    return interaction("donation.made", name, NOW, "team/a", said | {"contact": {"contact_id": name}})


def town_of(*names: str, partitions: int = PARTITIONS) -> Town:
    town = Town(is_warm=True, partitions=partitions)
    town.define([EVERYBODY, RECENT])
    for name in names:
        town.say(gift(name), NOW)
    town.settle()
    return town


def test_a_segment_that_is_withdrawn_and_defined_again_at_once_is_judged_anew() -> None:
    town = town_of("crm.ada")
    sweeps = len(town.logs[SEGMENT_WORK, 0])
    town.withdraw(["everybody"])
    town.define([EVERYBODY])
    town.settle()
    assert len(town.logs[SEGMENT_WORK, 0]) > sweeps
    assert town.names() == town.should_be([EVERYBODY, RECENT])
    assert {state for said in town.states_of_segments().values() for state, _ in said} == {"complete"}


def test_what_time_and_what_a_definition_changed_meanwhile_are_told_apart() -> None:
    """Somebody whom a backfill reaches when they are due already, and while one of their segments is withdrawn."""
    town = town_of("crm.ada", partitions=1)
    town.tick(NOW + 8 * DAY)
    town.define([HEARD_OF])
    town.withdraw(["everybody"])
    for log in ((SEGMENT_DEFINITIONS, 0), (SEGMENT_WORK, 0)):
        town.work(log, 2)
    town.settle()
    told = [orjson.loads(change.value or b"") for change in town.changes if change.key == b"crm.ada"]
    assert [(each["cause"], each["entered"], each["left"]) for each in told[-3:]] == [
        ("withdrawn", [], ["everybody"]),
        ("defined", ["heard-of"], []),
        ("time", [], ["recent"]),
    ]
    assert town.names() == town.should_be([HEARD_OF, RECENT], NOW + 8 * DAY)


def test_where_no_time_is_known_yet_counts_are_of_when_the_definition_came() -> None:
    town = Dated()
    town.define([EVERYBODY])
    town.settle()
    said = [orjson.loads(latest.value or b"null") for latest in town.counts.values()]
    assert {each["as_of"][:4] for each in said} == {"2012"}


def restored_town(*names: str) -> Town:
    """People of a table that was made anew, of whom nothing else is read yet; `everybody` was somebody else before."""
    town = Town(is_warm=True)
    for name in names:
        town.say(gift(name), NOW)
    town.settle()
    town.at_hand.clear()
    town.define([{**RECENT, "id": "everybody"}])
    town.restored([EVERYBODY, RECENT])
    return town


def test_definitions_that_are_read_again_after_a_restore_judge_nobody_before_the_recount_does() -> None:
    town = restored_town("crm.ada", "crm.bo")
    town.repeat_the_latest(SEGMENT_DEFINITIONS)
    for number in range(town.partitions):
        town.work((SEGMENT_DEFINITIONS, number), 1)
    town.settle()
    assert town.names() == town.should_be([EVERYBODY, RECENT])
    assert {*town.causes} == {"recounted"}


def test_what_a_restore_cannot_read_of_definitions_is_kept_for_a_version_that_can() -> None:
    new = b'{"id": "new", "all": [{"wished": 1}]}'
    kept = restored_segments({"new": new, "gone": None, "other": b'{"id": "another", "all": [{"tag": "host"}]}'})
    assert kept.pop(b"segments/sweep")
    assert kept == {b"segments/unread/new": new}
    assert restored_segments({"gone": None}) == {}


@dataclass
class _Away:
    """A worker that knows no segments: it hears of people and judges nobody."""

    patch: pytest.MonkeyPatch

    def __enter__(self) -> None:
        def nothing(*_: object) -> None: ...

        for name in ("stepped", "heard"):
            self.patch.setattr(MembershipChanges, name, nothing)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def test_whoever_went_while_a_worker_knew_no_segments_is_let_go_by_the_next_backfill() -> None:
    town = town_of("crm.ada", "crm.bo", "crm.cy")
    linked: dict[str, JSON] = {"contact_ids": ["crm.ada", "crm.bo"]}
    erased: dict[str, JSON] = {"contact": {"contact_id": "crm.cy"}}
    town.at_hand.clear()
    with _Away(pytest.MonkeyPatch()):
        town.say(interaction("contact.linked", "link", NOW, "office/desk", linked), NOW)
        town.say(interaction("contact.erased", "gone", NOW + HOUR, "office/desk", erased), NOW + HOUR)
        town.settle()
    town.at_hand.clear()
    town.withdraw(["everybody", "recent"])
    town.define([EVERYBODY, RECENT])
    town.settle()
    assert town.names() == town.should_be([EVERYBODY, RECENT])
    rows = {name.decode() for rows, due in town._rows().values() for name in (*rows, *due)}
    assert rows == town.names().keys()
    assert town.latest[CONTACT_SEGMENTS]["crm.cy"].value is None
    assert town.causes["erased"] == town.causes["merged"] == 1


def test_a_state_that_lets_go_of_its_view_lets_go_of_what_was_read_of_it_too() -> None:
    town, room = Town(is_warm=True, partitions=1), 16 * 1_024  # for 8 views of states used last, at most
    states = town.at_hand[0] = States(town.stores[0], Codec(encode, decode, give_up), RecentStates(room))
    town.define([EVERYBODY, RECENT])
    for number in range(20):
        town.say(gift(f"crm.{number}"), NOW)
        town.settle()
    recent = states.get_many([key for key, _ in states.following(b"", 100)])
    holding = [name for name, state in recent.items() if state is not None and READINGS in state.__dict__]
    assert 0 < len(holding) <= 2 * 4 + 1
    assert b"crm.19" in holding


def test_a_definition_that_a_version_cannot_read_is_gone_by_once_one_can(monkeypatch: pytest.MonkeyPatch) -> None:
    town = town_of("crm.ada")
    hosts: Table = {"id": "everybody", "owner": "desk", "all": [{"tag": "host"}]}
    with monkeypatch.context() as patch:
        known = {head: kind for head, kind in KINDS.items() if head != "tag"}
        patch.setattr(definition_files, "KINDS", known)  # as it is to a worker of a version before
        value = orjson.dumps(hosts)
        for number in range(town.partitions):
            town.publish(Output(SEGMENT_DEFINITIONS, number, b"everybody", value))
        town.settle()
        assert town.names() == town.should_be([EVERYBODY, RECENT])
    town.at_hand.clear()
    town.say(gift("crm.bo"), NOW)
    town.settle()
    for number in range(town.partitions):
        town.publish(work_record(number, TICK))
    town.settle()
    assert town.names() == town.should_be([hosts, RECENT])
    assert not any(b"segments/unread/" in key for store in town.stores.values() for key, _ in store.items())


def test_an_unread_definition_is_forgotten_by_what_is_said_later() -> None:
    town = town_of("crm.ada")
    for number in range(town.partitions):
        town.publish(Output(SEGMENT_DEFINITIONS, number, b"everybody", b'{"id": "everybody", "all": [{"new": 1}]}'))
    town.settle()
    assert town.names() == town.should_be([EVERYBODY, RECENT])
    town.withdraw(["everybody"])
    town.settle()
    assert town.names() == town.should_be([RECENT])
    assert not any(b"segments/unread/" in key for store in town.stores.values() for key, _ in store.items())


def test_once_all_segments_are_withdrawn_nobody_new_is_read_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    town = town_of("crm.ada", partitions=1)
    town.withdraw(["everybody", "recent"])
    town.settle()
    read: list[str] = []

    def noted(contact_id: str, fragments: dict[str, ContactState]) -> Person | None:
        read.append(contact_id)
        return whole_person(contact_id, fragments)

    monkeypatch.setattr(membership_changes, "whole_person", noted)
    linked: dict[str, JSON] = {"contact_ids": ["crm.bo", "crm.cy"]}
    town.say(interaction("contact.linked", "link", NOW, "office/desk", linked), NOW)
    town.say(gift("crm.bo"), NOW)
    town.settle()
    assert read == []
    erased: dict[str, JSON] = {"contact": {"contact_id": "crm.ada"}}
    town.say(interaction("contact.erased", "gone", NOW + HOUR, "office/desk", erased), NOW + HOUR)
    town.settle()
    assert town.latest[CONTACT_SEGMENTS]["crm.ada"].value is None
