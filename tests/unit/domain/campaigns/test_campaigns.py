"""A campaign's counts and alerts."""

import pytest

from events.harmonised import harmonise
from events.refusal import Refusal
from events.times import render_time
from streams.domain.campaigns import (
    AlertedLimit,
    Campaign,
    CampaignAlert,
    CampaignCounter,
    CampaignCounts,
    CampaignRecord,
    CampaignRoll,
    MailReport,
    ProviderCounts,
    ReportCount,
    campaign_alerts,
    decode,
    encode,
    mention_in,
    read_counts,
    sum_counts,
    with_reported_campaigns,
    write_counts,
)
from streams.domain.campaigns.campaign_state import FORGOTTEN_AFTER_MS, MAX_CAMPAIGNS
from streams.domain.campaigns.counts import MAX_EVIDENCE
from streams.domain.contact.facts.from_records import read_said
from streams.domain.pressure.rates import CampaignRates
from tests.unit.domain.campaigns.sending import DAY, NOON, RATES, counts, rates, report, told
from tests.unit.events.records import accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER


def test_a_campaign_of_which_nothing_is_heard_is_forgotten() -> None:
    roll, forgotten = with_reported_campaigns(
        CampaignRoll({"a": NOON, "b": NOON + DAY}), ["c"], NOON + FORGOTTEN_AFTER_MS
    )
    assert not forgotten
    assert with_reported_campaigns(roll, ["c"], NOON + FORGOTTEN_AFTER_MS + 1) == (
        CampaignRoll({"b": NOON + DAY, "c": NOON + FORGOTTEN_AFTER_MS + 1}),
        ["a"],
    )


def test_who_is_heard_of_again_stays() -> None:
    roll, _ = with_reported_campaigns(CampaignRoll({"a": NOON, "b": NOON}), ["a"], NOON + 20 * DAY)
    assert list(roll.heard) == ["b", "a"]
    assert with_reported_campaigns(roll, ["a"], NOON + 40 * DAY)[1] == ["b"]


def test_of_too_many_those_heard_of_last_are_remembered() -> None:
    roll, forgotten = with_reported_campaigns(CampaignRoll(), ["real", *map(str, range(MAX_CAMPAIGNS - 1))], NOON)
    assert not forgotten
    roll, forgotten = with_reported_campaigns(roll, ["new", "real"], NOON + 1)
    assert forgotten == ["0"]
    roll, forgotten = with_reported_campaigns(roll, [f"more-{number}" for number in range(2 * MAX_CAMPAIGNS)], NOON + 2)
    assert len(roll.heard) == MAX_CAMPAIGNS
    assert {"new", "real", "more-0"} <= {*forgotten}


def test_a_clock_that_goes_back_changes_no_order() -> None:
    roll, _ = with_reported_campaigns(CampaignRoll({"a": NOON}), ["b"], NOON - DAY)
    assert roll == CampaignRoll({"a": NOON, "b": NOON})


COUNTS = counts(sent=3, delivered=2, complaints=told(12), unsubscribes=told(1))


@pytest.mark.parametrize(
    "kept",
    [
        Campaign(),
        Campaign(COUNTS, (AlertedLimit("campaign_complaints", "gmail", 0.003),)),
        CampaignRoll(),
        CampaignRoll({"later": NOON, "a": NOON + 1}),
    ],
)
def test_what_is_kept_comes_back(kept: CampaignRecord) -> None:
    found = decode(encode(kept))
    assert found == kept
    if isinstance(found, CampaignRoll) and isinstance(kept, CampaignRoll):
        assert list(found.heard) == list(kept.heard)


def test_counts_come_back() -> None:
    assert read_counts(b"c", write_counts(COUNTS)) == ("c", COUNTS)


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"c", None), (b"\xff", b"{}"), (b"c", b"{"), (b"c", b"[]")])
def test_what_is_not_ours_says_nothing(key: bytes | None, value: bytes | None) -> None:
    assert read_counts(key, value) is None


ADDRESSES = {
    "gmail": "jane@gmail.com",
    "yahoo": "jane@ymail.com",
    "microsoft": "jane@hotmail.fr",
    "apple": "jane@me.com",
    "other": "jane@example.org",
}


def taken(
    count: CampaignCounter, type_: str, at: MailReport, address: str = "jane@gmail.com", campaign: str = "c"
) -> None:
    """As intake writes it."""
    content = event(type_, contact={"contact_id": "c1", "email": address}, campaign_id=campaign)
    content |= {"id": at.id, "source": at.source, "time": render_time(at.time)}
    read = read_said(harmonise(accepted(content), HASHER)[1], NOON)
    assert not isinstance(read, Refusal)
    named, mailbox = mention_in(read[1])
    assert named is not None
    count.take(named, mailbox, read[0])


def test_messages_and_reports_of_a_campaign_are_counted_by_provider() -> None:
    count = CampaignCounter()
    for mailbox, address in ADDRESSES.items():
        taken(count, "email.sent", report(1), address, mailbox)
        taken(count, "email.complained", report(2), address, mailbox)
    assert count.found() == {
        mailbox: CampaignCounts({mailbox: ProviderCounts(sent=1, complaints=ReportCount(1, (report(2),)))}, NOON)  # type: ignore[dict-item]
        for mailbox in ADDRESSES
    }


def test_whoever_named_no_address_counts_as_others() -> None:
    count = CampaignCounter()
    taken(count, "email.unsubscribed", report(1), "no address")
    assert count.found()["c"].tallies.keys() == {"other"}


def test_of_many_reports_the_latest_are_shown() -> None:
    count = CampaignCounter()
    for number in range(2 * MAX_EVIDENCE):
        taken(count, "email.complained", report(number, NOON - number))
    latest = tuple(report(number, NOON - number) for number in reversed(range(MAX_EVIDENCE)))
    assert count.found()["c"].tallies["gmail"].complaints == ReportCount(2 * MAX_EVIDENCE, latest)


PASSED = AlertedLimit("campaign_complaints", "gmail", 0.003)


def raised(
    known: CampaignCounts, news: CampaignCounts | None = None, limits: CampaignRates = RATES, *passed: AlertedLimit
) -> list[CampaignAlert]:
    return list(campaign_alerts(Campaign(known, passed), known if news is None else news, limits))


def test_the_alert_names_provider_numbers_limit_and_the_latest_reports() -> None:
    [found] = raised(counts(sent=1200, delivered=1100, complaints=told(12)))
    assert found == CampaignAlert(
        PASSED,
        tuple(report(number) for number in range(11, 1, -1)),
        "gmail: 12 complaints of 1200 sent, 1 %; the limit is 0.3 %, from 1000 on",
    )


@pytest.mark.parametrize(("reports", "is_told"), [(20, False), (21, True)])
def test_reaching_a_limit_is_too_much(reports: int, is_told: bool) -> None:
    """In floating point 0.003 of 7,000 would be more than 21."""
    assert bool(raised(counts(sent=7000, complaints=told(reports)))) is is_told


@pytest.mark.parametrize(("messages", "is_told"), [(999, False), (1000, True)])
def test_of_fewer_than_the_minimum_nothing_is_judged(messages: int, is_told: bool) -> None:
    assert bool(raised(counts(sent=messages, complaints=told(500)))) is is_told


def test_the_larger_of_sent_and_delivered_counts_as_messages() -> None:
    [found] = raised(counts(delivered=1000, sent=10, complaints=told(3)))
    assert found.detail.startswith("gmail: 3 complaints of 1000 delivered, 0.3 %")
    assert not raised(counts(delivered=1000, sent=1001, complaints=told(3)))


def test_a_limit_that_was_told_is_not_told_again_and_another_one_is() -> None:
    known = counts(sent=1000, complaints=told(50))
    assert not raised(known, None, RATES, PASSED)
    for limit in (0.002, 0.05):
        assert [each.passed.limit for each in raised(known, None, rates(complaints={"gmail": limit}), PASSED)] == [
            limit
        ]


@pytest.mark.parametrize(("late", "is_told"), [(3 * DAY, True), (3 * DAY + 1, False)])
def test_late_reports_raise_nothing(late: int, is_told: bool) -> None:
    news = CampaignCounts({"gmail": ProviderCounts(complaints=told(50, NOON + late))})
    assert bool(raised(sum_counts(counts(sent=1000), news), news)) is is_told


def test_late_reports_do_not_raise_what_earlier_ones_did_not() -> None:
    """They are counted, and it is for them to be timely."""
    known = counts(
        sent=1000, complaints=ReportCount(50, (report(1), *(report(n, NOON + 4 * DAY) for n in range(2, 9))))
    )
    assert not raised(known, CampaignCounts({"gmail": ProviderCounts(complaints=told(7, NOON + 4 * DAY))}))
    assert raised(known, CampaignCounts({"gmail": ProviderCounts(complaints=told(1))}))
    assert raised(known, counts(sent=1))
