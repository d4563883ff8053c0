"""What is counted of a campaign. Counts of two sets of interactions add up to those of both, in any order.

A message is reported as sent, as delivered or as both, and by whom differs. The larger of the two is the number of
messages: it never counts one twice, only grows, and does not depend on which of them is heard first.
"""

from collections.abc import Iterable

from msgspec import Struct

from events.mailboxes import Mailbox

MOST_SHOWN = 10
"""Reports that are kept as evidence, the latest."""


class MailReport(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A complaint or an unsubscription. `time`: ms."""

    time: int
    source: str
    id: str


class ReportCount(Struct, frozen=True, array_like=True, gc=False):
    """How many reports of one kind there were, and the latest of them, in order."""

    count: int = 0
    latest: tuple[MailReport, ...] = ()


class ProviderCounts(Struct, frozen=True, gc=False, omit_defaults=True):
    """What was heard of a campaign at one provider."""

    sent: int = 0
    delivered: int = 0
    complaints: ReportCount = ReportCount()
    unsubscribes: ReportCount = ReportCount()

    @property
    def messages(self) -> int:
        """As many as surely went out."""
        return max(self.sent, self.delivered)


class CampaignCounts(Struct, frozen=True, gc=False, omit_defaults=True):
    """What was heard of a campaign. `last_sent`: the time (ms) of the latest message, sent or delivered."""

    tallies: dict[Mailbox, ProviderCounts] = {}
    last_sent: int | None = None


def both(one: CampaignCounts, other: CampaignCounts) -> CampaignCounts:
    """The counts of both."""
    tallies = dict(one.tallies)
    for mailbox, tally in other.tallies.items():
        known = tallies.get(mailbox)
        tallies[mailbox] = tally if known is None else _both(known, tally)
    times = [counts.last_sent for counts in (one, other) if counts.last_sent is not None]
    return CampaignCounts(dict(sorted(tallies.items())), max(times, default=None))


def latest(reports: Iterable[MailReport]) -> tuple[MailReport, ...]:
    """Those that are kept."""
    return tuple(sorted(set(reports))[-MOST_SHOWN:])


def _both(one: ProviderCounts, other: ProviderCounts) -> ProviderCounts:
    return ProviderCounts(
        one.sent + other.sent,
        one.delivered + other.delivered,
        _all(one.complaints, other.complaints),
        _all(one.unsubscribes, other.unsubscribes),
    )


def _all(one: ReportCount, other: ReportCount) -> ReportCount:
    if not other.count:
        return one
    return ReportCount(one.count + other.count, latest((*one.latest, *other.latest)))
