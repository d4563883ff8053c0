"""How a campaign is taken: what was sent of it and who wanted no more, by mailbox provider, added up and judged.

Each chunk of contacts counts what it has taken, and the counts of all partitions come together in one place. Sums know
no order, so it does not matter how the interactions were spread and cut; when a limit is seen to be reached does depend
on it, as with anything that is watched while it happens. A pure package: no broker, no store, no clock.
"""

from streams.domain.campaigns.codec import decode, encode, read_counts, write_counts
from streams.domain.campaigns.counting import COUNTED, MESSAGES, REPORTS, CampaignCounter, Mention, mention_in
from streams.domain.campaigns.counts import CampaignCounts, MailReport, ProviderCounts, ReportCount, both
from streams.domain.campaigns.judging import CampaignAlert, judge
from streams.domain.campaigns.kept import Campaign, Kept, Passed, Roll
from streams.domain.campaigns.remembering import heard

__all__ = [
    "COUNTED",
    "MESSAGES",
    "REPORTS",
    "Campaign",
    "CampaignAlert",
    "CampaignCounter",
    "CampaignCounts",
    "Kept",
    "MailReport",
    "Mention",
    "Passed",
    "ProviderCounts",
    "ReportCount",
    "Roll",
    "both",
    "decode",
    "encode",
    "heard",
    "judge",
    "mention_in",
    "read_counts",
    "write_counts",
]
