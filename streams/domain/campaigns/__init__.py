"""Complaint and unsubscribe rates of campaigns: messages and reports by mailbox provider, added up and judged.

Each chunk of contacts counts what it has taken, and the counts of all partitions are added up in one place. Sums know
no order, so it does not matter how the interactions were spread and cut; when a limit is seen to be reached does depend
on it, as with anything that is watched while it happens.
"""

from streams.domain.campaigns.alerts import CampaignAlert, campaign_alerts
from streams.domain.campaigns.campaign_state import (
    AlertedLimit,
    Campaign,
    CampaignRecord,
    CampaignRoll,
    decode,
    encode,
    read_counts,
    with_reported_campaigns,
    write_counts,
)
from streams.domain.campaigns.counts import (
    COUNTED,
    MESSAGES,
    REPORTS,
    CampaignCounter,
    CampaignCounts,
    CampaignMention,
    MailReport,
    ProviderCounts,
    ReportCount,
    mention_in,
    sum_counts,
)

__all__ = [
    "COUNTED",
    "MESSAGES",
    "REPORTS",
    "AlertedLimit",
    "Campaign",
    "CampaignAlert",
    "CampaignCounter",
    "CampaignCounts",
    "CampaignMention",
    "CampaignRecord",
    "CampaignRoll",
    "MailReport",
    "ProviderCounts",
    "ReportCount",
    "campaign_alerts",
    "decode",
    "encode",
    "mention_in",
    "read_counts",
    "sum_counts",
    "with_reported_campaigns",
    "write_counts",
]
