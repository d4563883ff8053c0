"""Whether so many people want no more of a campaign that somebody should look at it while it can still be stopped.

Each limit is told of once: per campaign, provider and rule, and again only when the policy sets another limit, which is
another question. Rates go up and down while a campaign is sent, so what is judged is what is known after each addition.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from msgspec import Struct

from events.mailboxes import Mailbox
from streams.domain.campaigns.counts import CampaignCounts, MailReport, ProviderCounts, ReportCount
from streams.domain.campaigns.kept import Campaign, Passed
from streams.domain.pressure.rates import Rates


class CampaignAlert(Struct, frozen=True):
    """An alert. `evidence`: the latest reports, the latest of all first: that one is the trigger."""

    passed: Passed
    evidence: tuple[MailReport, ...]
    detail: str


def judge(campaign: Campaign, news: CampaignCounts, rates: Rates) -> Iterator[CampaignAlert]:
    """What is to be told of a campaign. `news`: what has just been added to its counts.

    A report counts as of the time of sending up to `rates.window` after the latest message that is known. Reports that
    are later raise nothing, though they are counted.
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
    rates: Rates, mailbox: Mailbox, known: ProviderCounts, added: ProviderCounts
) -> Iterator[tuple[Passed, ReportCount, ReportCount]]:
    """Each limit with what there is of its kind, and what was added."""
    complaints, unsubscribes = rates.complaints.of(mailbox), rates.unsubscribes.of(mailbox)
    yield Passed("campaign_complaints", mailbox, complaints), known.complaints, added.complaints
    yield Passed("campaign_unsubscribes", mailbox, unsubscribes), known.unsubscribes, added.unsubscribes


def _until(over: int, reports: Sequence[MailReport]) -> tuple[MailReport, ...]:
    return tuple(report for report in reports if report.time <= over)


def _reaches(count: int, known: ProviderCounts, limit: float) -> bool:
    """Gmail asks senders never to reach its limit, so reaching it is too much. Exact: 0.003 of 7,000 are 21."""
    return count >= Fraction(str(limit)) * known.messages


def _detail(passed: Passed, count: int, known: ProviderCounts, minimum: int) -> str:
    what = "complaints" if passed.rule == "campaign_complaints" else "unsubscribes"
    how = "sent" if known.sent == known.messages else "delivered"
    rate = _percent(count / known.messages)
    return (
        f"{passed.mailbox}: {count} {what} of {known.messages} {how}, {rate}; "
        f"the limit is {_percent(passed.limit)}, from {minimum} on"
    )


def _percent(part: float) -> str:
    return f"{part * 100:.3g} %"
