"""Counts of a campaign, each test saying only what it is about."""

from typing import Any

from events.mailboxes import Mailbox
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount
from streams.domain.pressure.rates import CampaignRates

HOUR = 3_600_000
DAY = 24 * HOUR
NOON = 1_329_825_600_000
RATES = CampaignRates()


def rates(**changes: Any) -> CampaignRates:
    """The default's, but for these."""
    return CampaignRates.model_validate(changes)


def report(number: int, at: int = NOON) -> MailReport:
    return MailReport(at, "digital/mailer", f"r{number:04d}")


def told(count: int, at: int = NOON) -> ReportCount:
    """So many reports of one time."""
    return ReportCount(count, tuple(report(number, at) for number in range(count))[-10:])


def counts(mailbox: Mailbox = "gmail", last_sent: int | None = NOON, **tally: Any) -> CampaignCounts:
    return CampaignCounts({mailbox: ProviderCounts(**tally)}, last_sent)
