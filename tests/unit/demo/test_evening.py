"""The demo's evening."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.identifiers import Hasher
from events.outputs import ContactProfile, SystemAlert
from streams.demo.check import ABSENT, Difference
from streams.demo.evening import (
    BROKEN,
    EXPERIMENT,
    MAILING,
    QUIET_TURF,
    TEXTS,
    Evening,
    last_evening,
    letters_of,
    name_of,
    write_evening,
)
from streams.demo.evening_play import PlayedEvening
from streams.demo.evening_report import accepted_once, alert_differences, compare_campaigns
from streams.demo.evening_watch import near_limits
from streams.demo.oracle import experiment_results
from streams.demo.recount_campaigns import Mails, campaigns, mailbox_of
from streams.demo.script import Script, as_sent, contributions, simulate, write_script
from streams.demo.source_system import DAY, HOUR, parse_time_ms
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from streams.demo.voters import TURFS
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount
from streams.domain.pressure.rates import CampaignRates

NOW = int(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp() * 1_000)
STARTS = last_evening(NOW)
LIMIT, JUDGED_FROM = 0.003, 1_000
"""As the policy has it that comes with Harmonia."""


@pytest.fixture(scope="module")
def donations() -> list[Sent]:
    return [as_sent(one) for one in contributions() if isinstance(one, Interaction)]


@pytest.fixture(scope="module", params=[1.0, 0.02], ids=["whole", "small"])
def scale(request: pytest.FixtureRequest) -> float:
    found: float = request.param
    return found


@pytest.fixture(scope="module")
def whole(donations: list[Sent]) -> Evening:
    return write_evening(donations, 7, 1.0, STARTS)


@pytest.fixture(scope="module")
def evening(scale: float, whole: Evening, donations: list[Sent]) -> Evening:
    return whole if scale == 1 else write_evening(donations, 7, scale, STARTS)


def published(evening: Evening) -> list[Publication]:
    return [one.publication for one in evening.arrivals]


def test_a_whole_evening_has_20_thousand_doors_and_calls_and_two_sends(whole: Evening) -> None:
    sent = accepted_once(whole)
    types = Counter(one.type for one in sent)
    assert types["canvass.reported"] == 20_000
    assert {one.fields["campaign_id"] for one in sent if one.type in ("email.sent", "text.sent")} == {MAILING, TEXTS}
    assert types["email.sent"] > 5_900
    assert types["text.sent"] == 3_000
    assert {one.fields["turf"] for one in sent if "turf" in one.fields} == {*TURFS}


def test_records_of_an_evening_come_in_order_and_within_it(evening: Evening) -> None:
    times = [one.at for one in evening.arrivals]
    assert times == sorted(times)
    assert times[0] >= STARTS
    assert times[-1] <= evening.ends
    assert [act.at for act in evening.acts] == sorted(act.at for act in evening.acts)


def test_nobody_is_knocked_at_twice_within_a_week_but_at_the_turf_that_is_left_early(whole: Evening) -> None:
    visits: dict[str, list[int]] = {}
    for one in [*(each.sent for each in whole.before if each.reason is None), *accepted_once(whole)]:
        if one.fields.get("method") == "door" and one.fields["turf"] != QUIET_TURF:
            visits.setdefault(one.contact["voter_id"], []).append(parse_time_ms(one.time))
    close = [
        voter
        for voter, times in visits.items()
        if any(0 < later - earlier < 7 * DAY for earlier, later in pairwise(sorted(set(times))))
    ]
    assert len(visits) > 14_000
    assert close == []


def test_no_two_teams_reach_one_person_in_an_evening_and_nobody_who_said_no_before(donations: list[Sent]) -> None:
    script = write_script(7, 0.5, evening_starts=STARTS)
    assert script.evening is not None
    no = {
        name_of(one.sent.contact)
        for one in script.publications
        if one.sent.type in ("email.unsubscribed", "email.complained", "text.opted_out", "contact.suppressed")
    }
    teams: dict[str, set[str]] = {}
    for one in accepted_once(script.evening):
        if one.type in ("email.sent", "text.sent", "canvass.reported"):
            teams.setdefault(name_of(one.contact), set()).add(one.team)
    assert len(no) > 100
    assert no.isdisjoint(teams)
    assert {len(those) for those in teams.values()} == {1}


def test_nothing_is_published_in_an_evening_before_it_happened(evening: Evening) -> None:
    good = [one for one in evening.arrivals if one.publication.reason is None]
    assert all(parse_time_ms(one.publication.sent.time) <= one.at for one in good)


def test_complaints_about_the_mailing_come_near_the_limit_and_never_reach_it(evening: Evening) -> None:
    messages, complaints = Counter[str](), Counter[str]()
    seen = set()
    for one in published(evening):
        if one.reason is not None or (one.sent.source, one.sent.id) in seen:
            continue
        seen.add((one.sent.source, one.sent.id))
        messages[mailbox_of(one.sent.contact)] += one.sent.type == "email.sent"
        complaints[mailbox_of(one.sent.contact)] += one.sent.type == "email.complained"
        for mailbox, count in complaints.items():
            assert messages[mailbox] < JUDGED_FROM or count < LIMIT * messages[mailbox]
    assert messages["gmail"] >= JUDGED_FROM
    assert complaints["gmail"] + 1 >= LIMIT * messages["gmail"]
    recounted = campaigns(accepted_once(evening))[MAILING]["gmail"]
    assert (recounted["sent"], recounted["complaints"]) == (messages["gmail"], complaints["gmail"])


def test_the_source_that_breaks_is_good_before_and_after_and_sends_enough_to_be_noticed(
    evening: Evening, scale: float
) -> None:
    broke, mended = (act.at for act in evening.acts if act.words.startswith(BROKEN))
    forms = [one for one in evening.arrivals if one.publication.sent.source == BROKEN]
    bad = [one.at for one in forms if one.publication.reason == "no_time"]
    good = [one.at for one in forms if one.publication.kind == "first" and not one.publication.late]
    assert len([at for at in bad if broke <= at < mended]) >= 3 * letters_of(scale)
    assert [at for at in good if broke <= at < mended] == []
    assert 0 < len([at for at in good if at < broke]) < len(bad) / 2
    assert [at for at in good if mended <= at < evening.released]


def test_the_evenings_experiment_shows_that_the_second_subject_is_better(evening: Evening) -> None:
    people: dict[str, list[Sent]] = {}
    for one in accepted_once(evening):
        people.setdefault(repr(one.contact.get("voter_id") or one.contact.get("external")), []).append(one)
    arms = experiment_results(people.values(), {EXPERIMENT: {"window_ms": 2 * HOUR}})[EXPERIMENT]
    first, second = (arms[variant]["metrics"]["opened"]["raw"] / arms[variant]["n"] for variant in "AB")
    assert second > 1.4 * first > 0


def test_a_script_with_an_evening_publishes_the_rest_as_without_and_counts_both() -> None:
    without, played = write_script(3, 0.02), write_script(3, 0.02, evening_starts=STARTS)
    assert played.evening is not None
    assert played.publications == [*without.publications, *played.evening.before]
    assert played.everything() == [*played.publications, *published(played.evening)]
    assert len(played.letters()) > len(without.letters()) > 0


def mail(type_: str, id_: str, email: str | None, **fields: str) -> Sent:
    contact: ContactFields = {"voter_id": "OH:1"}
    if email is not None:
        contact["email"] = email
    said: Fields = {"campaign_id": "gotv", **fields}  # type: ignore[typeddict-item]
    return Sent("email-events", type_, "digital/mailer", id_, "2026-11-27T22:00:00Z", contact, said)


def test_the_oracle_counts_mails_of_a_campaign_by_provider_and_copies_once() -> None:
    sent = [
        mail("email.sent", "1", " Voter_1@GMAIL.com"),
        mail("email.sent", "1", " Voter_1@GMAIL.com"),
        mail("email.delivered", "2", "voter_1@gmail.com"),
        mail("email.sent", "3", "donor@example.org"),
        mail("email.complained", "4", "voter_1@gmail.com"),
        mail("email.unsubscribed", "5", None),
        mail("email.opened", "6", "voter_1@gmail.com"),
    ]
    nameless = replace(sent[0], id="7", fields={})
    assert campaigns([*sent, nameless]) == {
        "gotv": {
            "gmail": {"sent": 1, "delivered": 1, "complaints": 1, "unsubscribes": 0},
            "other": {"sent": 1, "delivered": 0, "complaints": 0, "unsubscribes": 1},
        }
    }


def counted(sent: int, complaints: int) -> CampaignCounts:
    reports = ReportCount(complaints, (MailReport(1, "s", "1"),) if complaints else ())
    return CampaignCounts({"gmail": ProviderCounts(sent, 0, reports)}, 1)


def test_a_campaign_that_is_counted_otherwise_is_a_difference() -> None:
    right = Mails(sent=9, delivered=0, complaints=1, unsubscribes=0)
    wrong = Mails(sent=9, delivered=0, complaints=2, unsubscribes=0)
    assert list(compare_campaigns({"gotv": {"gmail": right}}, {"gotv": counted(9, 1)})) == []
    assert list(compare_campaigns({"gotv": {"gmail": right}}, {"gotv": counted(9, 2)})) == [
        Difference("campaigns", None, "gotv", {"gmail": right}, {"gmail": wrong})
    ]
    assert list(compare_campaigns({}, {"gotv": counted(9, 2)})) == [
        Difference("campaigns", None, "gotv", ABSENT, {"gmail": wrong})
    ]


def test_complaints_are_near_their_limit_from_90_percent_on_or_if_one_more_reaches_it() -> None:
    rates = CampaignRates()
    assert list(near_limits(counted(10_000, 27), rates)) == ["gmail"]
    assert near_limits(counted(10_000, 26), rates) == {}
    assert near_limits(counted(1_200, 3), rates) == {
        "gmail": "gmail: 3 complaints of 1,200 messages, 0.250%; the limit is 0.3%"
    }
    assert near_limits(counted(999, 9), rates) == {}, "of so few nothing is judged"


QUARANTINED: SystemAlert = {
    "alert_id": "1",
    "rule": "source_quarantined",
    "subject": "digital/signup",
    "at": "2026-11-27T22:31:00Z",
    "evidence": [],
    "detail": "",
}


@pytest.mark.parametrize(
    ("alerts", "is_at_once", "is_right"),
    [
        ((QUARANTINED,), False, True),
        ((QUARANTINED,), True, True),
        ((), False, False),
        ((), True, True),
        ((QUARANTINED, QUARANTINED), True, False),
        (({**QUARANTINED, "subject": "digital/mailer"},), True, False),
    ],
)
def test_the_broken_source_is_quarantined_once_unless_all_of_it_came_before_anybody_looked(
    alerts: tuple[SystemAlert, ...], is_at_once: bool, is_right: bool
) -> None:
    assert (not list(alert_differences(PlayedEvening(alerts, 0, is_at_once)))) is is_right


REFUSED_EMAIL = ("unsubscribed", "complained", "consent_withdrawn")


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
