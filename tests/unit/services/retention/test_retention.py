"""Retention."""

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.inactivity import InactivityRule
from events.interactions.commands import ContactErasedIfInactive, ContactProvenanceForgotten, ContactPurposeForgotten
from events.json_types import JSON
from events.outputs import ContactProfile
from events.provenance_rules import ProvenanceRule, PurposeRule
from events.times import parse_time
from events.topics import CONTACT_COMMANDS
from streams.domain.messages import english, message
from streams.domain.quarantine.held_records import ListedSource
from streams.operations.status.observations import KafkaObservation, TopicFlow
from streams.services.retention.backlog import held_back, unheard
from streams.services.retention.due import (
    DueItem,
    commands_on,
    due_items,
    erasures_of,
    inactive_items,
    people_of,
    report_on,
)
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, profile_of, said

ROLL: dict[str, JSON] = {"kind": "voter_list", "file": "rolls-2012"}
HASHED = "email:" + "1" * 32


def of_a_roll(*times: int, file: str = "rolls-2012") -> ContactProfile:
    told = [
        said("provenance.reported", f"{time}", time, provenance={"kind": "voter_list", "file": file}) for time in times
    ]
    return profile_of(*told, said("form.submitted", "f", NOON, form_id="f", provenance={"kind": "self"}))


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        (ProvenanceRule("voter_list", None, NOON), (DueItem("rolls-2012", 2, whole=False),)),
        (ProvenanceRule("voter_list", "rolls-2012", NOON + HOUR), (DueItem("rolls-2012", 2, whole=True),)),
        (ProvenanceRule("voter_list", None, NOON - 1), ()),
        (ProvenanceRule("voter_list", "other", NOON + HOUR), ()),
        (ProvenanceRule("rented", None, NOON + HOUR), ()),
        (ProvenanceRule("self", None, NOON), (DueItem("", 1, whole=True),)),
    ],
)
def test_an_entry_is_due_from_the_time_of_its_first_interaction(rule: ProvenanceRule, due: tuple[DueItem, ...]) -> None:
    assert due_items(of_a_roll(NOON, NOON + HOUR), rule) == due


SIGNED: dict[str, JSON] = {"kind": "self", "purpose": "Petition-Water"}


def agreed(id_: str, at: int, *, granted: bool = True, **more: JSON) -> Arrival:
    return said("consent.changed", id_, at, channel="email", granted=granted, purpose="petition-water", **more)


@pytest.mark.parametrize(
    ("told", "due"),
    [
        ([], ()),
        ([agreed("y", NOON)], (DueItem("", 1, whole=True),)),
        ([agreed("y", NOON + 1)], ()),
        ([agreed("n", NOON, granted=False)], ()),
        ([said("form.submitted", "f", NOON, form_id="f", provenance=SIGNED)], (DueItem("", 1, whole=True),)),
        ([said("form.submitted", "f", NOON, form_id="f", provenance={"kind": "self"})], ()),
        # of one interaction that says both, one goes; of two, two
        ([agreed("y", NOON, provenance=SIGNED)], (DueItem("", 1, whole=True),)),
        (
            [agreed("y", NOON), said("provenance.reported", "p", NOON, provenance={**SIGNED, "file": "p"})],
            (DueItem("p", 1, whole=True),),
        ),
        (
            [agreed("y", NOON), agreed("z", NOON), said("provenance.reported", "p", NOON, provenance=SIGNED)],
            (DueItem("", 1, whole=True), DueItem("", 1, whole=True)),
        ),
    ],
)
def test_what_was_collected_for_a_purpose_is_due_and_so_is_each_yes_for_it(
    told: list[Arrival], due: tuple[DueItem, ...]
) -> None:
    """Never more than go: a yes may be one of an entry's interactions."""
    assert due_items(profile_of(said("rsvp.made", event_id="e"), *told), PurposeRule("PETITION-water", NOON)) == due


def test_of_whom_nobody_says_where_anything_comes_from_nothing_is_due() -> None:
    assert due_items(profile_of(said("rsvp.made", event_id="e")), ProvenanceRule("self", None, NOON)) == ()


def test_a_report_counts_people_once_and_by_file() -> None:
    due = {
        "a": (DueItem("one", 3, whole=True), DueItem("two", 2, whole=False)),
        "b": (DueItem("one", 1, whole=True), DueItem("one", 1, whole=True)),
    }
    found = report_on(due, known=9)
    assert (found.people, found.known, found.interactions, found.partly) == (2, 9, 5, 1)
    assert found.files == {"one": 2, "two": 1}


def test_ids_lead_to_their_people_also_one_after_another_and_in_a_circle() -> None:
    into = {HASHED: "crm.ada", "crm.ada": "crm.bo", "x": "y", "y": "x", "z": "crm.cy"}
    assert people_of([HASHED, "x", "crm.dee"], into) == {HASHED, "crm.ada", "crm.bo", "x", "y", "crm.dee"}


def test_a_command_is_taken_by_intake_for_the_very_identifier_and_is_the_same_when_it_is_made_again() -> None:
    rule = ProvenanceRule("voter_list", "rolls-2012", NOON)
    commands = list(commands_on([HASHED, "crm.ada"], rule, "operator/retention"))
    assert commands == list(commands_on([HASHED, "crm.ada"], rule, "operator/retention"))
    heard = [decode(Record(CONTACT_COMMANDS, value, (), NOON)) for value in commands]
    assert all(isinstance(each, Interaction) for each in heard)
    first, second = (each for each in heard if isinstance(each, Interaction))
    assert first.id != second.id
    assert harmonise(first, Hasher([b"key"]))[0] == HASHED
    assert isinstance(first.data, ContactProvenanceForgotten)
    assert (first.time, first.data.kind, first.data.file) == (NOON, "voter_list", "rolls-2012")
    [whole] = commands_on(["crm.ada"], rule._replace(file=None), "operator/retention")
    assert "file" not in orjson.loads(whole)["data"]


def test_a_command_on_a_purpose_is_another_one_than_that_on_a_source_of_the_same_name() -> None:
    [command] = commands_on([HASHED], PurposeRule("rented", NOON), "operator/retention")
    [other] = commands_on([HASHED], ProvenanceRule("rented", None, NOON), "operator/retention")
    heard = decode(Record(CONTACT_COMMANDS, command, (), NOON))
    assert isinstance(heard, Interaction)
    assert isinstance(heard.data, ContactPurposeForgotten)
    assert (heard.time, heard.data.purpose, harmonise(heard, Hasher([b"key"]))[0]) == (NOON, "rented", HASHED)
    assert heard.id != orjson.loads(other)["id"]


@pytest.mark.parametrize("until", [NOON - 1, NOON, NOON + HOUR])
def test_who_has_done_nothing_is_due_whole_whatever_was_sent_to_them_since(until: int) -> None:
    sent = said("email.sent", "m", NOON + HOUR, message_id="m")
    signed = profile_of(said("form.submitted", "f", NOON, form_id="f"), sent)
    due = inactive_items(signed, InactivityRule(until))
    assert due == (() if until < NOON else (DueItem("", 2, whole=True),))
    stranger = inactive_items(profile_of(sent), InactivityRule(until))
    assert stranger == (() if until < NOON + HOUR else (DueItem("", 1, whole=True),))


def test_an_erasure_of_who_is_due_is_taken_by_intake_and_is_the_same_when_it_is_made_again() -> None:
    rule = InactivityRule(NOON)
    [command] = erasures_of([HASHED], rule, "operator/retention", NOON + HOUR)
    assert [command] == list(erasures_of([HASHED], rule, "operator/retention", NOON + HOUR))
    heard = decode(Record(CONTACT_COMMANDS, command, (), NOON + HOUR))
    assert isinstance(heard, Interaction)
    assert isinstance(heard.data, ContactErasedIfInactive)
    assert parse_time(heard.data.inactive_since) == NOON
    assert (heard.time, harmonise(heard, Hasher([b"key"]))[0]) == (NOON + HOUR, HASHED)
    [other] = erasures_of([HASHED], InactivityRule(NOON + 1), "operator/retention", NOON + HOUR)
    assert orjson.loads(other)["id"] != heard.id


@pytest.mark.parametrize(
    "act",
    [said("form.submitted", "f", NOON, form_id="f"), said("canvass.reported", "r", method="door", outcome="contacted")],
)
def test_of_who_did_something_by_a_profile_of_an_older_version_nobody_is_due(act: Arrival) -> None:
    """It does not say when."""
    known = profile_of(act)
    assert inactive_items(known, InactivityRule(NOON))
    del known["last_active_at"]
    assert inactive_items(known, InactivityRule(NOON)) == ()


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
