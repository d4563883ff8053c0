"""The simulator keeps its word: the same from a seed, at the rates it promises, and the truth about each record."""

from collections import Counter
from typing import cast

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.identifiers import Hasher
from events.outputs import ContactProfile
from streams.demo.script import Script, as_sent, contributions, simulate, write_script
from streams.demo.source_system import DAY, parse_time_ms
from streams.demo.truth import ContactFields, Publication, Sent

REFUSED_EMAIL = ("unsubscribed", "complained", "consent_withdrawn")


@pytest.fixture(scope="module")
def donations() -> list[Sent]:
    return [as_sent(one) for one in contributions() if isinstance(one, Interaction)]


@pytest.fixture(scope="module")
def script() -> Script:
    return write_script(seed=1)


@pytest.fixture(scope="module")
def publications(script: Script) -> list[Publication]:
    return script.publications


def test_a_demo_script_depends_on_its_seed_alone(donations: list[Sent]) -> None:
    few = donations[:300]
    assert simulate(few, 7, 0.02) == simulate(few, 7, 0.02)
    assert simulate(few, 7, 0.02) != simulate(few, 8, 0.02)


def test_the_demos_scale_multiplies_invented_records(donations: list[Sent]) -> None:
    invented = [
        sum(one.sent.source != "fec/2012" for one in simulate(donations, 1, scale)) for scale in (0.1, 0.2, 0.4)
    ]
    assert invented[1] == pytest.approx(2 * invented[0], rel=0.1)
    assert invented[2] == pytest.approx(4 * invented[0], rel=0.1)


def test_the_demo_publishes_every_donation_of_the_file_and_retracts_none(
    publications: list[Publication], donations: list[Sent]
) -> None:
    told = [one.sent for one in publications if one.kind == "first" and one.sent.source == "fec/2012"]
    assert sorted(told, key=lambda one: int(one.id)) == donations
    good = [one.sent for one in publications if one.reason is None]
    retracted = {one.fields["retracts"]["source"] for one in good if one.type == "interaction.retracted"}
    assert retracted
    assert retracted.isdisjoint({"fec/2012", "finance/actblue"})


def test_repeated_late_and_bad_demo_records_have_their_promised_shares(publications: list[Publication]) -> None:
    kinds = Counter(one.kind for one in publications)
    assert kinds["repeat"] / len(publications) == pytest.approx(0.02, abs=0.001)
    assert kinds["bad"] / len(publications) == pytest.approx(0.005, abs=0.0005)
    assert sum(one.late for one in publications) / kinds["first"] == pytest.approx(0.05, abs=0.003)


def test_a_demo_script_has_every_kind_of_bad_record(publications: list[Publication]) -> None:
    reasons = Counter(one.reason for one in publications if one.reason is not None)
    assert set(reasons) == {"not_json", "unknown_type", "no_time", "no_identifier", "invalid_data"}
    assert min(reasons.values()) > 50


def identify(contact: ContactFields) -> str:
    return Hasher([b"key"]).fragment(Contact.model_validate(contact)) or ""


def test_each_rule_of_the_contact_ledger_has_a_case_in_the_script(script: Script) -> None:
    """Or the demo could not notice that it is broken."""
    profiles = [cast(ContactProfile, one) for one in script.profiles(identify).values()]
    touches = [touch for one in profiles for touch in one["touches"]]
    assert {touch["channel"] for touch in touches} == {"email", "text", "phone", "door", "letter"}
    purposes = {"fundraising", "mobilisation", "informational", "transactional"}
    assert {touch["purpose"] for touch in touches if touch["channel"] == "email"} == purposes
    assert {touch["team"] for touch in touches} >= {"youth", "finance", "digital", "field", "outreach"}

    statuses = {(address["channel"], address["status"]) for one in profiles for address in one["addresses"]}
    bad = [("email", "soft_bouncing"), ("email", "hard_bounced"), ("email", "complained"), ("phone", "wrong_number")]
    assert statuses == {("email", "ok"), ("phone", "ok"), *bad}
    best = [one for one in profiles if {"ok"} < {address["status"] for address in one["addresses"]}]
    assert any(len([address for address in one["addresses"] if address["channel"] == "email"]) == 2 for one in best)

    stops = [one["stops"] for one in profiles]
    assert {one["email"]["reason"] for one in stops if "email" in one} == {*REFUSED_EMAIL}
    assert {one["text"]["reason"] for one in stops if "text" in one} == {"opted_out", "consent_withdrawn"}
    assert {one["all"]["reason"] for one in stops if "all" in one} == {"deceased", "do_not_contact", "suppressed"}
    assert {len(one["all"]) for one in stops if "all" in one} == {4, 5}, "with `until` and without"
    assert {stop["reason"] for one in stops for stop in one["lists"].values()} == {*REFUSED_EMAIL}
    assert {stop["reason"] for one in stops for stop in one["senders"].values()} == {"opted_out"}


def test_some_closed_channels_are_opened_again_and_some_interactions_are_retracted(script: Script) -> None:
    said = script.accepted()
    yes = [one for one in said if one.type == "consent.changed" and one.fields["granted"]]
    assert {one.topic for one in yes if "list_id" in one.fields} == {"email-events", "outreach-events"}
    assert {one.fields["sender"] for one in yes if "sender" in one.fields} == {"62012", "62013"}
    gone = {
        (one.fields["retracts"]["source"], one.fields["retracts"]["id"]) for one in said if "retracts" in one.fields
    }
    types = {one.type for one in said if (one.source, one.id) in gone}
    assert types >= {"canvass.reported", "email.bounced", "email.unsubscribed", "contact.suppressed"}


def test_some_reports_come_in_two_versions_of_which_the_last_published_may_count(script: Script) -> None:
    versions: dict[str, set[tuple[str, str]]] = {}
    for one in script.accepted():
        if one.fields.get("report_id") is not None:
            versions.setdefault(str(one.fields["report_id"]), set()).add((one.time, one.fields["outcome"]))
    corrected = [{outcome for _, outcome in told} for told in versions.values() if len(told) > 1]
    assert any("deceased" in told for told in corrected)
    assert any("wrong_number" in told for told in corrected)


def test_the_demo_knocks_at_some_doors_twice_a_day(script: Script) -> None:
    days = Counter(
        (one.contact["external"]["fec"], parse_time_ms(one.time) // DAY)
        for one in {(one.source, one.id): one for one in script.accepted()}.values()
        if one.fields.get("method") == "door" and one.fields["outcome"] == "contacted"
    )
    assert max(days.values()) > 1
