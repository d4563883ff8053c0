"""The simulator keeps its word: the same from a seed, at the rates it promises, and the truth about each record."""

from collections import Counter
from datetime import UTC, datetime
from typing import cast

import pytest

from events.contact import Contact
from events.envelope import Interaction, Record, decode
from events.identifiers import Hasher
from events.outputs import ContactProfile
from events.refusal import Refusal
from events.times import parse_time
from streams.demo.script import Script, as_sent, contributions, simulate, write_script
from streams.demo.source_system import DAY, parse_time_ms
from streams.demo.truth import ContactFields, Publication, Sent

REFUSED_EMAIL = ("unsubscribed", "complained", "consent_withdrawn")
APPENDED_AT = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000)


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


def test_a_demo_script_has_60_to_80_thousand_records(donations: list[Sent]) -> None:
    assert 60_000 <= len(simulate(donations, 2)) <= 80_000


def test_the_demos_scale_multiplies_invented_records(donations: list[Sent]) -> None:
    invented = [
        sum(one.sent.source != "fec/2012" for one in simulate(donations, 1, scale)) for scale in (0.1, 0.2, 0.4)
    ]
    assert invented[1] == pytest.approx(2 * invented[0], rel=0.1)
    assert invented[2] == pytest.approx(4 * invented[0], rel=0.1)


def test_a_demo_of_scale_0_publishes_the_donations_alone(donations: list[Sent]) -> None:
    first = [one.sent for one in simulate(donations[:100], 1, 0) if one.kind == "first"]
    assert sorted(one.id for one in first) == sorted(one.id for one in donations[:100])


def test_the_demo_publishes_every_donation_of_the_file_and_retracts_none(
    publications: list[Publication], donations: list[Sent]
) -> None:
    told = [one.sent for one in publications if one.kind == "first" and one.sent.source == "fec/2012"]
    assert sorted(told, key=lambda one: int(one.id)) == donations
    good = [one.sent for one in publications if one.reason is None]
    retracted = {one.fields["retracts"]["source"] for one in good if one.type == "interaction.retracted"}
    assert retracted
    assert retracted.isdisjoint({"fec/2012", "finance/actblue"})


def test_the_demo_refunds_every_invented_donation_in_full(publications: list[Publication]) -> None:
    told = [one.sent for one in publications if one.kind == "first" and one.topic == "donation-events"]
    invented = [one for one in told if one.source != "fec/2012"]
    given = sum(one.fields["amount"] for one in invented if one.type == "donation.made")
    assert given == sum(one.fields["amount"] for one in invented if one.type == "donation.refunded") > 0
    assert {one.source for one in invented} == {"finance/actblue"}


def test_intake_decides_on_each_demo_record_as_its_truth_says(publications: list[Publication]) -> None:
    for one in publications:
        read = decode(Record(one.topic, one.value, one.headers, APPENDED_AT))
        if isinstance(read, Refusal):
            assert str(read.reason) == one.reason
        else:
            assert one.reason is None
            assert (read.type, read.source, read.id) == (one.sent.type, one.sent.source, one.sent.id)
            assert read.time == parse_time(one.sent.time)


def test_repeated_late_and_bad_demo_records_have_their_promised_shares(publications: list[Publication]) -> None:
    kinds = Counter(one.kind for one in publications)
    assert kinds["repeat"] / len(publications) == pytest.approx(0.02, abs=0.001)
    assert kinds["bad"] / len(publications) == pytest.approx(0.005, abs=0.0005)
    assert sum(one.late for one in publications) / kinds["first"] == pytest.approx(0.05, abs=0.003)


def test_a_demo_script_has_every_kind_of_bad_record(publications: list[Publication]) -> None:
    reasons = Counter(one.reason for one in publications if one.reason is not None)
    assert set(reasons) == {"not_json", "unknown_type", "no_time", "no_identifier", "invalid_data"}
    assert min(reasons.values()) > 50


def test_a_repeated_demo_record_comes_after_its_first_with_the_same_content(publications: list[Publication]) -> None:
    seen: dict[tuple[str, str], Sent] = {}
    for one in publications:
        if one.kind == "first":
            assert seen.setdefault((one.sent.source, one.sent.id), one.sent) is one.sent
        elif one.kind == "repeat":
            assert seen[one.sent.source, one.sent.id] == one.sent


def test_a_late_demo_record_comes_after_a_younger_one(publications: list[Publication]) -> None:
    youngest = 0
    for one in publications:
        if one.kind == "first":
            time = parse_time(one.sent.time)
            assert time is not None
            assert one.late == (time < youngest)
            youngest = max(youngest, time)


def test_late_demo_records_are_minutes_to_days_late(publications: list[Publication]) -> None:
    youngest, behind = 0, []
    for one in publications:
        time = parse_time(one.sent.time) or 0
        if one.late:
            behind.append(youngest - time)
        elif one.kind == "first":
            youngest = time
    assert min(behind) < 3_600_000
    assert max(behind) > 3 * 86_400_000


def test_demo_interactions_happen_in_2011_and_2012(publications: list[Publication]) -> None:
    assert {one.sent.time[:4] for one in publications} == {"2011", "2012"}


def test_every_demo_interaction_names_its_donor_and_some_an_address(publications: list[Publication]) -> None:
    good = [one.sent for one in publications if one.reason is None]
    assert all(one.contact["external"]["fec"] for one in good)
    assert any("email" in one.contact for one in good)
    assert any("phone" in one.contact for one in good)


def test_no_two_demo_donors_share_an_address(publications: list[Publication]) -> None:
    hasher = Hasher([b"key"])
    owners: dict[str, set[str]] = {}
    for one in publications:
        if one.reason is None:
            email, phone = one.sent.contact.get("email"), one.sent.contact.get("phone")
            for address in (email and hasher.email(email), phone and hasher.phone(phone)):
                if address:
                    owners.setdefault(address, set()).add(one.sent.contact["external"]["fec"])
    assert len(owners) > 5_000
    assert {len(donors) for donors in owners.values()} == {1}


def test_every_address_of_the_demo_can_be_normalised(publications: list[Publication]) -> None:
    hasher = Hasher([b"key"])
    for one in publications:
        if one.reason is None:
            contact = one.sent.contact
            assert "email" not in contact or hasher.email(contact["email"])
            assert "phone" not in contact or hasher.phone(contact["phone"])


def test_demo_producers_differ_in_mode_and_key(publications: list[Publication]) -> None:
    binary = sum(any(name == "ce_id" for name, _ in one.headers) for one in publications)
    bare = sum(not one.headers for one in publications)
    keyed = sum(one.key is not None for one in publications)
    for part in (binary, bare, keyed):
        assert 0.2 < part / len(publications) < 0.6


def test_a_demo_script_has_most_types_of_the_contract(publications: list[Publication]) -> None:
    types = {one.sent.type for one in publications if one.reason is None}
    assert types >= {
        *(f"email.{what}" for what in ("sent", "delivered", "opened", "clicked", "bounced", "deferred", "dropped")),
        *("email.unsubscribed", "email.complained", "canvass.reported", "ballot.reported", "form.submitted"),
        *(f"text.{what}" for what in ("sent", "delivered", "failed", "replied", "opted_out")),
        *(f"rsvp.{what}" for what in ("made", "attended", "no_show", "cancelled")),
        *("donation.made", "donation.refunded", "consent.changed", "experiment.assigned", "interaction.retracted"),
        "contact.suppressed",
    }


def test_the_demos_rates_of_opens_bounces_and_clicks_are_plausible(publications: list[Publication]) -> None:
    counts = Counter(one.sent.type for one in publications if one.kind == "first")
    sent = counts["email.sent"]
    assert 0.96 < counts["email.delivered"] / sent < 1
    assert 0.2 < counts["email.opened"] / sent < 0.5
    assert 0.01 < counts["email.clicked"] / sent < 0.06
    assert 0 < counts["email.complained"] < counts["email.unsubscribed"] < 0.02 * sent


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


def test_the_script_knows_the_profiles_and_dead_letters_that_must_come_out(script: Script) -> None:
    assert len(script.accepted()) + len(script.letters()) == len(script.publications) + 225
    assert script.repeats() == sum(one.kind == "repeat" for one in script.publications)
    reasons = Counter(reason for reason, _ in script.letters())
    assert (reasons["memo_entry"], reasons["malformed_row"]) == (224, 1)
    profiles = script.profiles(identify)
    assert len(profiles) == len({one.contact["external"]["fec"] for one in script.accepted()})
    assert all(contact_id.startswith("external:") for contact_id in profiles)
