"""Looks at what Harmonia says during the evening: alerts, rates of the mailing, the verdict of the experiment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import cast

import orjson
from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from events.experiment_results import ExperimentResult
from events.outputs import SystemAlert
from events.topics import SYSTEM_ALERTS
from sinks.keys import experiment_key
from streams.demo.deployment import Deployment
from streams.demo.evening import EXPERIMENT, MAILING
from streams.domain.campaigns import CampaignCounts
from streams.domain.experiments.report.headline import interval_verdict
from streams.domain.experiments.report.pages import summary_line
from streams.domain.experiments.report.summary import summary_of
from streams.domain.pressure.rates import CampaignRates
from streams.domain.quarantine.quarantines import RULE as QUARANTINED
from streams.operations.campaign_counts import campaign_counts, campaign_of
from streams.platform.clients import KafkaClients
from streams.platform.policy_file import policy_of
from streams.platform.settings import Settings
from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name

_NEAR = 0.9


class Watch:
    """What Harmonia has said since this began. Not thread-safe: `look` from one thread."""

    def __init__(self, consumer: KafkaConsumer, redis: Redis, settings: Settings) -> None:
        self._consumer = consumer
        self._redis = redis
        self._rates = policy_of(settings.policy, settings.regime).rates
        self._changelog = changelog_name(settings, CAMPAIGNS_TABLE)
        self._near: set[str] = set()
        self.alerts: list[SystemAlert] = []
        self.mailing = CampaignCounts()
        self.verdict: str | None = None
        places = [
            TopicPartition(topic, number)
            for topic in (SYSTEM_ALERTS, self._changelog)
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)  # or the end would be looked for later

    def quarantined(self) -> frozenset[str]:
        """The sources that were put into quarantine."""
        return frozenset(alert["subject"] for alert in self.alerts if alert["rule"] == QUARANTINED)

    def look(self) -> list[str]:
        """What is new since the last look, a sentence each."""
        return [*self._heard(), *self._rated(), *self._tried()]

    def _heard(self) -> Iterator[str]:
        for records in self._consumer.poll(timeout_ms=0, max_records=5_000).values():
            for record in records:
                if record.topic == SYSTEM_ALERTS:
                    alert = cast(SystemAlert, orjson.loads(record.value))
                    self.alerts.append(alert)
                    yield f"{alert['rule']}, {alert['subject']}: {alert['detail'].partition(': ')[0]}"
                elif record.value is not None and campaign_of(record.key) == MAILING:
                    self.mailing = campaign_counts(record.value) or self.mailing

    def _rated(self) -> Iterator[str]:
        for mailbox, near in near_limits(self.mailing, self._rates).items():
            if mailbox not in self._near:
                self._near.add(mailbox)
                yield f"{MAILING} is near the limit: {near}; harmonia hold --campaign {MAILING}"

    def _tried(self) -> Iterator[str]:
        if self.verdict is None and (says := verdict_in(self._redis)) is not None:
            self.verdict = says
            yield f"{EXPERIMENT} is decided: {says}"


@contextmanager
def watching(deployment: Deployment) -> Iterator[Watch]:
    """A watch for the length of a block, with a consumer of its own."""
    with closing(KafkaClients(deployment.settings).tool_consumer()) as consumer:
        yield Watch(consumer, deployment.redis, deployment.settings)


def near_limits(counts: CampaignCounts, rates: CampaignRates) -> dict[str, str]:
    """By mailbox provider a sentence on complaints that are near their limit: at 90 % of it, or one more reaches it."""
    found: dict[str, str] = {}
    for mailbox, mails in counts.tallies.items():
        limit, count = rates.complaints.of(mailbox), mails.complaints.count
        most = limit * mails.messages
        if mails.messages >= rates.minimum and count >= min(_NEAR * most, most - 1):
            found[mailbox] = (
                f"{mailbox}: {count:,} complaints of {mails.messages:,} messages, "
                f"{count / mails.messages:.3%}; the limit is {limit:.1%}"
            )
    return found


def verdict_in(redis: Redis) -> str | None:
    """What the evening's experiment says, in the words of `harmonia experiments list`; None: it is not decided."""
    value = redis.get(experiment_key(EXPERIMENT))
    if value is None:
        return None
    summary = summary_of(cast(ExperimentResult, orjson.loads(value)))
    metric = summary["primary"]
    decided = metric is not None and any(
        not each["provisional"] and interval_verdict(metric, each["low"], each["high"]) == "better"
        for each in summary["headlines"]
    )
    return summary_line(summary)[1] if decided else None
