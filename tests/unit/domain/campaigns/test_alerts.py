"""Limits are told of once, while a campaign is being sent, and from enough messages on."""

import pytest

from streams.domain.campaigns import (
    AlertedLimit,
    Campaign,
    CampaignAlert,
    CampaignCounts,
    ProviderCounts,
    ReportCount,
    campaign_alerts,
    sum_counts,
)
from streams.domain.pressure.rates import CampaignRates
from tests.unit.domain.campaigns.sending import DAY, NOON, RATES, counts, rates, report, told

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
