"""The state of campaigns: of each its counts and the alerts that were sent, and when each was last heard of.

A campaign is forgotten 30 days after the last report of it, and no more than 1,000 are kept at once. The clock is the
append time of reports, never a wall clock. Who names each message as a campaign of its own makes many; those that are
really being sent are heard of again and again, and so stay.
"""

from collections.abc import Collection
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from events.mailboxes import Mailbox
from streams.domain.campaigns.counts import CampaignCounts
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write

Rule: TypeAlias = Literal["campaign_complaints", "campaign_unsubscribes"]
"""What each means is in `docs/alerts.md`."""


class AlertedLimit(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A limit that was reached at a mailbox provider and alerted on; `limit`: a part of what was sent."""

    rule: Rule
    mailbox: Mailbox
    limit: float


class Campaign(Struct, frozen=True, array_like=True, tag=1):
    """The counts of one campaign. `passed`: the limits of which an alert was sent, sorted."""

    counts: CampaignCounts = CampaignCounts()
    passed: tuple[AlertedLimit, ...] = ()


class CampaignRoll(Struct, frozen=True, array_like=True, tag=2):
    """When (ms of append time) each campaign was last counted, the earliest first."""

    heard: dict[str, int] = {}


CampaignRecord: TypeAlias = Campaign | CampaignRoll


class _Stored(Stored, frozen=True, array_like=True):
    kept: Campaign | CampaignRoll


FORMAT = Format("campaigns", 2, _Stored)
_read_counts = msgspec.json.Decoder(CampaignCounts).decode

write_counts = msgspec.json.Encoder().encode
"""The value of a record of `campaign-counts`; its key is the campaign."""


def encode(kept: CampaignRecord) -> bytes:
    """A campaign or the roll as bytes of the table."""
    return write(_Stored(FORMAT.number, kept))


def decode(data: bytes) -> CampaignRecord:
    """The campaign or the roll in bytes of the table. Raises `Unreadable`."""
    return FORMAT.decode(data).kept


def read_counts(key: bytes | None, value: bytes | None) -> tuple[str, CampaignCounts] | None:
    """Campaign and counts in a record of `campaign-counts`; None for one that is not of Harmonia's making."""
    if key is None or value is None:
        return None
    try:
        return key.decode(), _read_counts(value)
    except UNREADABLE:
        return None


FORGOTTEN_AFTER_MS = 30 * 86_400_000
MAX_CAMPAIGNS = 1_000
"""Campaigns that are kept at once, those counted last."""


def with_reported_campaigns(roll: CampaignRoll, campaigns: Collection[str], at: int) -> tuple[CampaignRoll, list[str]]:
    """The roll with these campaigns, each once, counted at `at` (ms), and the campaigns that are forgotten now."""
    now = max(at, next(reversed(roll.heard.values()), at))
    names = set(campaigns)
    known = {name: when for name, when in roll.heard.items() if name not in names} | dict.fromkeys(campaigns, now)
    too_many = max(0, len(known) - MAX_CAMPAIGNS)
    forgotten = [
        name for place, (name, when) in enumerate(known.items()) if place < too_many or when < now - FORGOTTEN_AFTER_MS
    ]
    for name in forgotten:
        del known[name]
    return CampaignRoll(known), forgotten
