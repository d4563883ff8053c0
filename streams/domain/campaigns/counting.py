"""Counting of interactions, one at a time: on the way of every message, so no more is done than has to be."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from events.contact import HashedContact
from events.interaction_structs import UsualContact
from events.mailboxes import Mailbox
from events.registry import ARRIVALS, types_that
from streams.domain.campaigns.counts import CampaignCounts, MailReport, ProviderCounts, ReportCount, latest
from streams.domain.contact.facts.from_records import Data
from streams.domain.contact.state import NEVER, Fact

MESSAGES = frozenset(ARRIVALS)
REPORTS = types_that(lambda spec: spec.is_mail_report)
COUNTED = MESSAGES | REPORTS
"""The types that are counted."""


class Mention(NamedTuple):
    """Whose campaign it was, if it was said, and of which provider the address."""

    campaign: str | None
    mailbox: Mailbox


def mention_in(data: Data) -> Mention:
    """What a harmonised interaction says. Whose provider is not told, since no address was named, is `other`."""
    contact = data.contact
    mailbox = contact.mailbox if isinstance(contact, UsualContact | HashedContact) else None
    return Mention(data.campaign_id, mailbox or "other")


class _Draft:
    """What was counted of one campaign at one provider so far."""

    __slots__ = ("complaints", "delivered", "last_sent", "sent", "unsubscribes")

    def __init__(self) -> None:
        self.sent = 0
        self.delivered = 0
        self.last_sent = -NEVER
        self.complaints: list[MailReport] = []
        self.unsubscribes: list[MailReport] = []

    def tally(self) -> ProviderCounts:
        complaints, unsubscribes = (
            ReportCount(len(reports), latest(reports)) for reports in (self.complaints, self.unsubscribes)
        )
        return ProviderCounts(self.sent, self.delivered, complaints, unsubscribes)


class CampaignCounter:
    """Counts interactions of the types in `COUNTED`, by campaign and provider."""

    def __init__(self) -> None:
        self._drafts: dict[str, dict[Mailbox, _Draft]] = defaultdict(lambda: defaultdict(_Draft))

    def take(self, campaign: str, mailbox: Mailbox, fact: Fact) -> None:
        """Count one."""
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
        """What was counted, by campaign."""
        return {campaign: _counts(drafts) for campaign, drafts in self._drafts.items()}


def _counts(drafts: Mapping[Mailbox, _Draft]) -> CampaignCounts:
    last_sent = max(draft.last_sent for draft in drafts.values())
    tallies = {mailbox: drafts[mailbox].tally() for mailbox in sorted(drafts)}
    return CampaignCounts(tallies, None if last_sent == -NEVER else last_sent)
