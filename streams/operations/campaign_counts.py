"""What is counted of each campaign, read from the changelog of the table of campaigns."""

from streams.domain.campaigns import Campaign, CampaignCounts, decode

OF_CAMPAIGN = b"campaign/"
"""Prefix of the keys of campaigns in their table."""


def campaign_of(key: bytes) -> str | None:
    """The campaign of a record of the changelog; None: the record is of no campaign."""
    return key.removeprefix(OF_CAMPAIGN).decode(errors="replace") if key.startswith(OF_CAMPAIGN) else None


def campaign_counts(value: bytes) -> CampaignCounts | None:
    """What a record of a campaign counts. Raises `Unreadable` for one that another version has written."""
    kept = decode(value)
    return kept.counts if isinstance(kept, Campaign) else None
