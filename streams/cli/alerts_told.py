"""Alerts as they are listed: read from their topics from a time on, the latest of those that are wanted."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from heapq import nlargest
from typing import Any, get_args

import orjson
import typer
from kafka import KafkaConsumer, TopicPartition

from events.json_types import JSON
from events.spelling import nearest
from events.topics import CONTACT_ALERTS, SYSTEM_ALERTS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.letter_choice import moment_ago
from streams.cli.profile_tables import said
from streams.cli.tables import print_lines
from streams.domain.campaigns import campaign_state as campaigns
from streams.domain.identity.link_changes import FindingKind
from streams.domain.pressure import alerting as people
from streams.domain.quarantine import quarantines
from streams.platform.clients import KafkaClients
from streams.platform.errors import MissingTopic
from streams.worker.agents.experiments import alerts as experiments


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts: since when as an option gives it, of which rule, about whom or what, and how many at most."""

    since: str
    rule: str | None
    about: str | None
    latest: int

    def has(self, alert: dict[str, Any]) -> bool:
        """Whether it is one of them."""
        return self.rule in (None, alert.get("rule")) and self.about in (None, _subject(alert))


RULES = (
    *get_args(people.Rule), "erased", *get_args(campaigns.Rule), *get_args(experiments.Rule),
    *(f"identity_{finding}" for finding in get_args(FindingKind)), quarantines.RULE,
)  # fmt: skip
"""Of all alerts that there are."""


def tell_alerts(wanted: Wanted, *, as_json: bool) -> None:
    """Print them, for people or for programs. Ends the command where there is no such rule."""
    _check_rule(wanted.rule)
    start = moment_ago("--since", wanted.since)
    with failing_plainly(), closing(KafkaClients(load_settings()).tool_consumer()) as consumer:
        every = (each for topic in (CONTACT_ALERTS, SYSTEM_ALERTS) for each in _since(consumer, topic, start))
        found = nlargest(wanted.latest, (each for each in every if wanted.has(each[1])), key=lambda each: each[0])
    found.reverse()
    if as_json:
        for _, alert in found:
            typer.echo(orjson.dumps(alert))
        return
    print_lines(line for _, alert in found for line in _lines(alert))
    print_lines([_summary(len(found), wanted)])


def _check_rule(rule: str | None) -> None:
    if rule is not None and rule not in RULES:
        near = nearest(rule, RULES)
        meant = f"did you mean {near}? " if near else ""
        refuse(f"--rule: {meant}Give one of {', '.join(RULES)}", WRONG_USE)


def _since(consumer: KafkaConsumer, topic: str, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
    numbers = consumer.partitions_for_topic(topic) or ()
    if not numbers:
        raise MissingTopic(f"there is no topic {topic}: run `harmonia topics create`")
    places = [TopicPartition(topic, number) for number in sorted(numbers)]
    ends = consumer.end_offsets(places)
    starts = consumer.offsets_for_times(dict.fromkeys(places, start))
    consumer.assign(places)
    for place in places:
        consumer.seek(place, ends[place] if starts.get(place) is None else starts[place].offset)
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                if isinstance(alert := _read(record.value), dict):
                    yield record.timestamp, alert


def _read(value: bytes | None) -> JSON:
    try:
        found: JSON = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
    return found


def _subject(alert: dict[str, Any]) -> str:
    return str(alert.get("contact_id", alert.get("subject", "")))


def _lines(alert: dict[str, Any]) -> Iterator[str]:
    yield f"{said(str(alert.get('at', '')))}  {alert.get('rule', '')}"
    yield f"    {_subject(alert)}"
    yield f"    {alert.get('detail', '')}"


def _summary(shown: int, wanted: Wanted) -> str:
    if not shown:
        return f"no alert in that time (--since {wanted.since})"
    more = "; --latest shows more" if shown == wanted.latest else ""
    return f"{shown} shown{more}; times in UTC; docs/alerts.md says what each rule means"
