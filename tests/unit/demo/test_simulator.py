"""The simulator keeps its word, and so do its experiments and segments."""

from collections import Counter
from typing import cast

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.identifiers import Hasher
from events.outputs import ContactProfile
from streams.demo import segments
from streams.demo.check import Difference, compare_experiments, compare_segments
from streams.demo.experiments import plans_of
from streams.demo.mailing import SUBJECTS
from streams.demo.recount_experiments import Arm
from streams.demo.script import Script, as_sent, contributions, simulate, write_script
from streams.demo.source_system import DAY, parse_time_ms, utc_midnight
from streams.demo.truth import ContactFields, Publication, Sent
from streams.demo.volunteering import CALLS

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


# The demo's experiments: when they are, that each says something, and that a wrong result is a difference.
TODAY = utc_midnight(2026, 11, 28)
KEPT_DAYS = 400
"""Docs: opens and clicks of longer ago are in no result of somebody who is first counted now."""
SUMS = {"y": 0, "yy": 0, "x": 0, "xx": 0, "xy": 0, "yd": 0, "raw": 7}
ARM = cast(Arm, {"n": 3, "contaminated": 0, "metrics": {"opened": SUMS}})


@pytest.fixture(scope="module")
def whole_script() -> Script:
    return write_script(1, 0.25, TODAY)


def test_the_experiments_are_subjects_of_mailings_and_thank_you_calls(whole_script: Script) -> None:
    subjects, calls = plans_of(whole_script.accepted())
    assert (subjects.id[: len(SUBJECTS)], subjects.metrics[0]) == (SUBJECTS, "opened")
    assert (calls.id, calls.metrics[0]) == (CALLS, "contacted")


def test_experiments_are_of_the_last_weeks_and_over_by_today(whole_script: Script) -> None:
    times = [parse_time_ms(one.time) for one in whole_script.accepted()]
    tried = [parse_time_ms(one.time) for one in whole_script.accepted() if "experiment" in one.fields]
    assert min(tried) > TODAY - 60 * DAY
    assert max(tried) < max(times) < TODAY - 7 * DAY
    assert TODAY - min(tried) < (KEPT_DAYS - 28) * DAY


def test_in_each_experiment_the_second_variant_is_plainly_better(whole_script: Script) -> None:
    found = whole_script.experiments(identify)
    plans = plans_of(whole_script.accepted())
    assert {*found} == {plan.id for plan in plans}
    for plan in plans:
        first, second = (found[plan.id][variant] for variant in "AB")
        rates = [arm["metrics"][plan.metrics[0]]["raw"] / arm["n"] for arm in (first, second)]
        assert rates[1] > 1.5 * rates[0] > 0


def test_a_result_that_differs_from_the_oracle_is_named_by_variant_and_metric() -> None:
    shown = {"assigned": 3, "metrics": {"opened": {"sum": 7, "mean": 2.3}}}
    nobody = {"assigned": 0, "metrics": {"opened": {"sum": 0, "mean": None}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": shown, "B": nobody}}}) == []
    wrong = {"assigned": 3, "metrics": {"opened": {"sum": 0, "mean": 0.0}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": wrong}}}) == [
        Difference("experiment-results", None, "e.A.opened", 7, 0)
    ]
    assert [one.field for one in compare_experiments({"e": {"A": ARM}}, {})] == ["e"]


# The ten segments of the demo have members; the demo itself compares them with those of the oracle.
HASHER = Hasher([b"key"])
AT = segments.moment_of_check()


def identify_with_key(contact: ContactFields) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def test_no_segment_of_the_demo_is_empty() -> None:
    asked = segments.tables(AT)
    meant = segments.memberships(write_script(2012, 0.05).accepted(), identify_with_key, asked, AT)
    assert {name for names in meant.values() for name in names} == {table["id"] for table in asked}
    assert len(asked) == 10


def test_who_is_elsewhere_is_named_with_what_is_expected() -> None:
    [wrong] = compare_segments({"a": {"donors"}, "b": {"met"}}, {"a": {"donors", "west"}, "b": {"met"}})
    assert str(wrong) == "contact-segments, a: segments is ['donors', 'west'], expected ['donors']"
