"""What is kept of campaigns: of each its counts and the alerts that were sent, and a roll of all of them."""

from typing import Literal, TypeAlias

from msgspec import Struct

from events.mailboxes import Mailbox
from streams.domain.campaigns.counts import CampaignCounts

Rule: TypeAlias = Literal["campaign_complaints", "campaign_unsubscribes"]
"""What each means is in `docs/alerts.md`."""


class Passed(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A limit that was reached at a provider; `limit`: a part of what was sent."""

    rule: Rule
    mailbox: Mailbox
    limit: float


class Campaign(Struct, frozen=True, array_like=True, tag=1):
    """One campaign. `passed`: the limits of which an alert was sent, sorted."""

    counts: CampaignCounts = CampaignCounts()
    passed: tuple[Passed, ...] = ()


class Roll(Struct, frozen=True, array_like=True, tag=2):
    """When (ms of append time) each campaign was last heard of, the earliest first."""

    heard: dict[str, int] = {}


Kept: TypeAlias = Campaign | Roll
