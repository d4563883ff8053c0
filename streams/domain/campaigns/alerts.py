"""Alerts on campaigns whose complaints or unsubscriptions reach a limit while they can still be stopped.

An alert is sent once per campaign, provider and rule, and again only when the policy sets another limit. Rates go up
and down while a campaign is sent, so they are judged after each addition.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from msgspec import Struct

from events.mailboxes import Mailbox
from streams.domain.campaigns.campaign_state import AlertedLimit, Campaign
from streams.domain.campaigns.counts import CampaignCounts, MailReport, ProviderCounts, ReportCount
from streams.domain.pressure.rates import CampaignRates


class CampaignAlert(Struct, frozen=True):
    """A limit of complaints or unsubscriptions that a campaign has reached.

    `evidence`: the latest reports, newest first; the first is the trigger.
    """

    passed: AlertedLimit
    evidence: tuple[MailReport, ...]
    detail: str


def campaign_alerts(campaign: Campaign, news: CampaignCounts, rates: CampaignRates) -> Iterator[CampaignAlert]:
    """Alerts that a campaign raises after `news` was added to its counts.

    Reports later than `rates.window` after the latest known message raise nothing, though they are counted.
    """
    last_sent = campaign.counts.last_sent
    if last_sent is None:
        return
    over = last_sent + rates.window
    for mailbox, added in news.tallies.items():
        known = campaign.counts.tallies[mailbox]
        if known.messages < rates.minimum:
            continue
        for passed, told, new in _limits(rates, mailbox, known, added):
            timely = _until(over, told.latest)
            is_news = added.messages or _until(over, new.latest)
            if is_news and timely and passed not in campaign.passed and _reaches(told.count, known, passed.limit):
                yield CampaignAlert(passed, timely[::-1], _detail(passed, told.count, known, rates.minimum))


def _limits(
    rates: CampaignRates, mailbox: Mailbox, known: ProviderCounts, added: ProviderCounts
) -> Iterator[tuple[AlertedLimit, ReportCount, ReportCount]]:
    """Each limit with the reports of its kind: all that are known, and those just added."""
    complaints, unsubscribes = rates.complaints.of(mailbox), rates.unsubscribes.of(mailbox)
    yield AlertedLimit("campaign_complaints", mailbox, complaints), known.complaints, added.complaints
    yield AlertedLimit("campaign_unsubscribes", mailbox, unsubscribes), known.unsubscribes, added.unsubscribes


def _until(over: int, reports: Sequence[MailReport]) -> tuple[MailReport, ...]:
    return tuple(report for report in reports if report.time <= over)


def _reaches(count: int, known: ProviderCounts, limit: float) -> bool:
    """Whether the limit is reached: Gmail asks never to reach it. Exact arithmetic: 0.003 of 7,000 are 21."""
    return count >= Fraction(str(limit)) * known.messages


def _detail(passed: AlertedLimit, count: int, known: ProviderCounts, minimum: int) -> str:
    what = "complaints" if passed.rule == "campaign_complaints" else "unsubscribes"
    how = "sent" if known.sent == known.messages else "delivered"
    rate = _percent(count / known.messages)
    return (
        f"{passed.mailbox}: {count} {what} of {known.messages} {how}, {rate}; "
        f"the limit is {_percent(passed.limit)}, from {minimum} on"
    )


def _percent(part: float) -> str:
    return f"{part * 100:.3g} %"
