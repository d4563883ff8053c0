"""Adds up the counts of campaigns in `campaign-counts`, and alerts; without side effects, so it can be done again.

The records are Harmonia's own. One that cannot be read is passed over, and its offset noted.
"""

from collections import Counter
from typing import cast

import orjson

from events.outputs import SystemAlert
from events.times import render_time
from events.topics import SYSTEM_ALERTS, Agent
from sinks.keys import partition_of
from streams.domain.campaigns import (
    Campaign,
    CampaignAlert,
    CampaignCounts,
    CampaignRecord,
    CampaignRoll,
    campaign_alerts,
    read_counts,
    sum_counts,
    with_reported_campaigns,
)
from streams.domain.pressure import Policy
from streams.engine.decoded_states import States
from streams.engine.runs import Records
from streams.engine.table_partition import Effects
from streams.engine.writer import Output
from streams.worker.agents.contacts.alert_records import alert_id

STAGE: Agent = "campaigns"
_ROLL = b"roll"


class CampaignAggregator:
    """Folds one chunk, and holds what came of it: effects, alerts by rule, and the offsets that cannot be read.

    Parameters:
        states: the campaigns and the roll before the chunk.
        partitions: of `system-alerts`.
        policy: by which is judged.
    """

    def __init__(self, states: States[CampaignRecord], partitions: int, policy: Policy) -> None:
        self._states = states
        self._partitions = partitions
        self._policy = policy
        self.effects: Effects[CampaignRecord] = Effects()
        self.alerts: Counter[str] = Counter()
        self.refused: list[int] = []

    def take(self, records: Records) -> None:
        """Add all counts of the chunk up, then judge each campaign once."""
        news: dict[str, CampaignCounts] = {}
        for record in records:
            read = read_counts(record.key, record.value)
            if read is None:
                self.refused.append(record.offset)
            else:
                news[read[0]] = sum_counts(news.get(read[0], CampaignCounts()), read[1])
        if news:
            self._add(news, max(record.timestamp for record in records))

    def _add(self, news: dict[str, CampaignCounts], at: int) -> None:
        held = self._states.get_many([_ROLL, *map(_key, news)])
        changes = self.effects.changes
        for name, counts in news.items():
            campaign = cast(Campaign, held[_key(name)] or Campaign())
            changes[_key(name)] = self._judged(
                name, Campaign(sum_counts(campaign.counts, counts), campaign.passed), counts
            )
        roll, forgotten = with_reported_campaigns(cast(CampaignRoll, held[_ROLL] or CampaignRoll()), news, at)
        changes[_ROLL] = roll
        changes.update((_key(name), None) for name in forgotten)

    def _judged(self, name: str, campaign: Campaign, news: CampaignCounts) -> Campaign:
        raised = list(campaign_alerts(campaign, news, self._policy.rates))
        if not raised:
            return campaign
        for each in raised:
            self.alerts[each.passed.rule] += 1
            alert = orjson.dumps(_alert(name, each, self._policy.version))
            where = partition_of(name, self._partitions)
            self.effects.outputs.append(Output(SYSTEM_ALERTS, where, name.encode(), alert))
        return Campaign(campaign.counts, tuple(sorted((*campaign.passed, *(each.passed for each in raised)))))


def _key(campaign: str) -> bytes:
    return b"campaign/" + campaign.encode()


def _alert(campaign: str, raised: CampaignAlert, version: str) -> SystemAlert:
    """An alert whose id stands for the limit reached at the mailbox provider: a rebuild gives the same id."""
    passed = raised.passed
    return {
        "alert_id": alert_id(passed.rule, campaign, passed.mailbox, str(passed.limit), version),
        "rule": passed.rule,
        "subject": campaign,
        "at": render_time(raised.evidence[0].time),
        "evidence": [{"source": report.source, "id": report.id} for report in raised.evidence],
        "detail": raised.detail,
    }
