"""What should have been seen in the evening, by the oracle; whether Harmonia says the same; and the figures of both."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer

from events.dead_letters import DeadLetter
from events.topics import QUARANTINE
from streams.demo.check import ABSENT, Difference, Letter
from streams.demo.deployment import Deployment
from streams.demo.evening import BROKEN, EXPERIMENT, MAILING, QUIET_TURF, Evening
from streams.demo.evening_figures import EveningFigures
from streams.demo.evening_play import PlayedEvening
from streams.demo.evening_watch import near_limits, verdict_in
from streams.demo.read_back import records_of
from streams.demo.recount_campaigns import Mails, campaigns
from streams.demo.source_system import parse_time_ms
from streams.demo.truth import Sent
from streams.domain.campaigns import CampaignCounts
from streams.domain.quarantine.quarantines import RULE as QUARANTINED
from streams.operations.campaign_counts import campaign_counts, campaign_of
from streams.platform.policy_file import policy_of
from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name


def evening_figures(deployment: Deployment, evening: Evening, played: PlayedEvening) -> EveningFigures:
    """The figures of the evening, from its script; near and verdict are what Harmonia says."""
    sent = accepted_once(evening)
    reports = [one for one in sent if one.type == "canvass.reported"]
    methods = Counter(one.fields["method"] for one in reports)
    quiet = [parse_time_ms(one.time) for one in reports if one.fields.get("turf") == QUIET_TURF]
    counts = campaigns_in_topic(deployment).get(MAILING, CampaignCounts())
    near = near_limits(counts, policy_of(deployment.settings.policy, deployment.settings.regime).rates)
    return EveningFigures(
        doors=methods["door"],
        calls=methods["phone"],
        met=sum(one.fields["outcome"] == "contacted" for one in reports),
        net=sum(one.fields["amount"] for one in sent if one.type == "donation.made"),
        mailing=MAILING,
        near=next(iter(near.values()), None),
        experiment=EXPERIMENT,
        verdict=verdict_in(deployment.redis),
        broken=BROKEN,
        refused=sum(
            one.publication.reason is not None and one.publication.sent.source == BROKEN for one in evening.arrivals
        ),
        is_quarantined=bool(played.alerts),
        released=played.released,
        quiet_turf=QUIET_TURF,
        quiet_since=max(quiet, default=None),
    )


def accepted_once(evening: Evening) -> list[Sent]:
    """The interactions of the evening that are accepted, each once."""
    good = [one.publication.sent for one in evening.arrivals if one.publication.reason is None]
    return list({(one.source, one.id): one for one in good}.values())


def evening_differences(
    deployment: Deployment, sent: Sequence[Sent], evening: Evening, played: PlayedEvening
) -> Iterator[Difference]:
    """What Harmonia says otherwise than the oracle; `sent`: all accepted interactions of the run."""
    yield from compare_campaigns(campaigns(sent), campaigns_in_topic(deployment))
    figures = evening_figures(deployment, evening, played)
    if figures.near is None:
        yield Difference("campaigns", None, f"{MAILING}: near its limit", True, False)
    if figures.verdict is None:
        yield Difference("experiment-results", None, f"{EXPERIMENT}: B is better", True, False)
    yield from alert_differences(played)


def alert_differences(played: PlayedEvening) -> Iterator[Difference]:
    """The broken source comes into quarantine, once, and nothing else is told of.

    An evening that is published at once may be over before the workers first look at its shares: then nothing is held.
    """
    found = Counter((alert["rule"], alert["subject"]) for alert in played.alerts)
    expected = {(QUARANTINED, BROKEN): 1}
    if found != expected and not (played.is_at_once and not found):
        yield Difference("system-alerts", None, "alerts", expected, dict(found))


def compare_campaigns(
    expected: Mapping[str, Mapping[str, Mails]], found: Mapping[str, CampaignCounts]
) -> Iterator[Difference]:
    """Whether each campaign has as many messages and reports at each provider."""
    shown = {
        name: {
            mailbox: Mails(
                sent=mails.sent,
                delivered=mails.delivered,
                complaints=mails.complaints.count,
                unsubscribes=mails.unsubscribes.count,
            )
            for mailbox, mails in counts.tallies.items()
        }
        for name, counts in found.items()
    }
    for name in sorted(expected.keys() | shown.keys()):
        truth, other = expected.get(name, ABSENT), shown.get(name, ABSENT)
        if truth != other:
            yield Difference("campaigns", None, name, truth, other)


def campaigns_in_topic(deployment: Deployment) -> dict[str, CampaignCounts]:
    """What is counted of each campaign."""
    found: dict[str, CampaignCounts] = {}
    for record in records_of(deployment.consumer, changelog_name(deployment.settings, CAMPAIGNS_TABLE)):
        name = campaign_of(record.key)
        counts = None if name is None or record.value is None else campaign_counts(record.value)
        if name is not None and counts is not None:
            found[name] = counts
    return found


def held_letters(consumer: KafkaConsumer, reasons: Mapping[bytes, str]) -> list[Letter]:
    """Bad records that stay held in `quarantine`, by the reason that each must have; `reasons`: by value."""
    found: list[Letter] = []
    for record in records_of(consumer, QUARANTINE):
        letter, reason = DeadLetter.of(record.headers), reasons.get(record.value)
        if letter is not None and reason is not None:
            at: Any = letter.origin
            found.append(Letter(reason, at.topic, at.partition, at.offset, record.value))
    return found
