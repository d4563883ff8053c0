"""What is counted of a campaign, by mailbox provider. Counts of two sets of interactions add up to those of both.

A message is reported as sent, as delivered or as both, and by whom differs. The larger of the two is the number of
messages: it never counts one twice, only grows, and does not depend on which of them is heard first. Each interaction
is counted on its way to the fold, so no more is done than has to be.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from events.contact import HashedContact
from events.interaction_structs import ContactStruct
from events.mailboxes import Mailbox
from events.registry import ARRIVALS, types_that
from streams.domain.contact.facts.from_records import Data
from streams.domain.contact.state import NEVER, Fact

MAX_EVIDENCE = 10
"""How many of the latest reports are kept as evidence."""


class MailReport(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A complaint about a mailing or an unsubscription from it. `time`: ms."""

    time: int
    source: str
    id: str


class ReportCount(Struct, frozen=True, array_like=True, gc=False):
    """The number of reports of one kind, and the latest of them in order."""

    count: int = 0
    latest: tuple[MailReport, ...] = ()


class ProviderCounts(Struct, frozen=True, gc=False, omit_defaults=True):
    """Messages and reports of a campaign at one mailbox provider."""

    sent: int = 0
    delivered: int = 0
    complaints: ReportCount = ReportCount()
    unsubscribes: ReportCount = ReportCount()

    @property
    def messages(self) -> int:
        """How many messages surely went out: the larger of those reported as sent and as delivered."""
        return max(self.sent, self.delivered)


class CampaignCounts(Struct, frozen=True, gc=False, omit_defaults=True):
    """Counts of a campaign by mailbox provider. `last_sent`: the time (ms) of the latest message, sent or delivered."""

    tallies: dict[Mailbox, ProviderCounts] = {}
    last_sent: int | None = None


def sum_counts(one: CampaignCounts, other: CampaignCounts) -> CampaignCounts:
    """The sum of two counts of one campaign."""
    tallies = dict(one.tallies)
    for mailbox, tally in other.tallies.items():
        known = tallies.get(mailbox)
        tallies[mailbox] = tally if known is None else _sum_provider_counts(known, tally)
    times = [counts.last_sent for counts in (one, other) if counts.last_sent is not None]
    return CampaignCounts(dict(sorted(tallies.items())), max(times, default=None))


def latest_reports(reports: Iterable[MailReport]) -> tuple[MailReport, ...]:
    """The reports that are kept as evidence: the latest, each once, in order."""
    return tuple(sorted(set(reports))[-MAX_EVIDENCE:])


def _sum_provider_counts(one: ProviderCounts, other: ProviderCounts) -> ProviderCounts:
    return ProviderCounts(
        one.sent + other.sent,
        one.delivered + other.delivered,
        _sum_report_counts(one.complaints, other.complaints),
        _sum_report_counts(one.unsubscribes, other.unsubscribes),
    )


def _sum_report_counts(one: ReportCount, other: ReportCount) -> ReportCount:
    if not other.count:
        return one
    return ReportCount(one.count + other.count, latest_reports((*one.latest, *other.latest)))


MESSAGES = frozenset(ARRIVALS)
REPORTS = types_that(lambda spec: spec.is_mail_report)
COUNTED = MESSAGES | REPORTS
"""The types that are counted."""


class CampaignMention(NamedTuple):
    """The campaign that an interaction names, if any, and the mailbox provider of the address."""

    campaign: str | None
    mailbox: Mailbox


def mention_in(data: Data) -> CampaignMention:
    """The campaign and provider that a harmonised interaction names; `other` where it names no address."""
    contact = data.contact
    mailbox = contact.mailbox if isinstance(contact, ContactStruct | HashedContact) else None
    return CampaignMention(data.campaign_id, mailbox or "other")


class _Draft:
    """Counts of one campaign at one provider while a chunk is taken."""

    __slots__ = ("complaints", "delivered", "last_sent", "sent", "unsubscribes")

    def __init__(self) -> None:
        self.sent = 0
        self.delivered = 0
        self.last_sent = -NEVER
        self.complaints: list[MailReport] = []
        self.unsubscribes: list[MailReport] = []

    def tally(self) -> ProviderCounts:
        complaints, unsubscribes = (
            ReportCount(len(reports), latest_reports(reports)) for reports in (self.complaints, self.unsubscribes)
        )
        return ProviderCounts(self.sent, self.delivered, complaints, unsubscribes)


class CampaignCounter:
    """Counts interactions of the types in `COUNTED`, by campaign and provider."""

    def __init__(self) -> None:
        self._drafts: dict[str, dict[Mailbox, _Draft]] = defaultdict(lambda: defaultdict(_Draft))

    def take(self, campaign: str, mailbox: Mailbox, fact: Fact) -> None:
        """Count one interaction."""
        draft = self._drafts[campaign][mailbox]
        if fact.type in MESSAGES:
            if fact.type == "email.sent":
                draft.sent += 1
            else:
                draft.delivered += 1
            draft.last_sent = max(draft.last_sent, fact.time)
        else:
            reports = draft.complaints if fact.type == "email.complained" else draft.unsubscribes
            reports.append(MailReport(fact.time, fact.source, fact.id))

    def found(self) -> dict[str, CampaignCounts]:
        """The counts so far, by campaign."""
        return {campaign: _counts(drafts) for campaign, drafts in self._drafts.items()}


def _counts(drafts: Mapping[Mailbox, _Draft]) -> CampaignCounts:
    last_sent = max(draft.last_sent for draft in drafts.values())
    tallies = {mailbox: drafts[mailbox].tally() for mailbox in sorted(drafts)}
    return CampaignCounts(tallies, None if last_sent == -NEVER else last_sent)
