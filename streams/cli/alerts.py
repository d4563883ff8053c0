"""`harmonia alerts list`: the latest alerts about contacts, campaigns, sources and experiments, from their topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Annotated, Any, get_args

import orjson
import typer

from events.json_types import JSON
from events.spelling import nearest_name
from events.topics import CONTACT_ALERTS, SYSTEM_ALERTS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_lines
from streams.cli.person import warn_of_what_is_missing
from streams.cli.time_options import parse_moment_or_age

if TYPE_CHECKING:
    from kafka import KafkaConsumer


app = typer.Typer(help="What somebody should look at.", no_args_is_help=True)

_LATEST = 50


@app.callback()
def alerts() -> None:
    """Keep `list` a subcommand while it is the only one."""


@app.command("list")
def list_command(
    *,
    since: Annotated[str, typer.Option(help="RFC 3339, or 30m, 2h, 7d ago.")] = "24h",
    rule: Annotated[str | None, typer.Option(help="Only those of this rule; docs/alerts.md has all.")] = None,
    about: Annotated[str | None, typer.Option(help="Only those about this contact_id, campaign, team or id.")] = None,
    latest: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most, the latest.")] = _LATEST,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: each as it is in its topic, a line.")] = False,
) -> None:
    """List the alerts of contact-alerts and system-alerts, the latest last. Exit code 0 also where there are none."""
    _print_alerts(AlertFilter(since, rule, about, latest), as_json=as_json)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts to list: since when (as the option gives it), of which rule, about what, and how many at most."""

    since: str
    rule: str | None
    about: str | None
    latest: int

    def has(self, alert: dict[str, Any]) -> bool:
        """Whether the alert is of the rule, and about the subject, that are asked for."""
        return self.rule in (None, alert.get("rule")) and self.about in (None, _subject(alert))


def alert_rules() -> tuple[str, ...]:
    """The names of all rules by which alerts are raised."""
    from streams.domain.campaigns import campaign_state as campaigns
    from streams.domain.identity.link_changes import FindingKind
    from streams.domain.pressure import alerting as people
    from streams.domain.quarantine import quarantines
    from streams.worker.agents.experiments import alerts as experiments

    return (
        *get_args(people.Rule), "erased", *get_args(campaigns.Rule), *get_args(experiments.Rule),
        *(f"identity_{finding}" for finding in get_args(FindingKind)), quarantines.RULE,
    )  # fmt: skip


def _print_alerts(wanted: AlertFilter, *, as_json: bool) -> None:
    """Print alerts, for people or for programs. Ends the command where there is no such rule."""
    from streams.platform.clients import KafkaClients

    _check_rule(wanted.rule)
    start = parse_moment_or_age("--since", wanted.since)
    settings = load_settings()
    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        every = (each for topic in (CONTACT_ALERTS, SYSTEM_ALERTS) for each in _alerts_since(consumer, topic, start))
        found = latest_alerts((each for each in every if wanted.has(each[1])), wanted.latest)
    warn_of_what_is_missing(settings)
    if as_json:
        for alert in found:
            typer.echo(orjson.dumps(alert))
        return
    print_lines(line for alert in found for line in _lines(alert))
    print_lines([_summary(len(found), wanted)])


def latest_alerts(every: Iterable[tuple[int, dict[str, Any]]], most: int) -> list[dict[str, Any]]:
    """The alerts that reached Kafka last, at most so many, in the order of the times that they show.

    `every`: each with the time of its record, in ms.
    """
    found = nlargest(most, every, key=lambda each: each[0])
    return sorted((alert for _, alert in found), key=lambda alert: str(alert.get("at", "")))


def _check_rule(rule: str | None) -> None:
    if rule is None or rule in (rules := alert_rules()):
        return
    near = nearest_name(rule, rules)
    meant = f"did you mean {near}? " if near else ""
    refuse(f"--rule: {meant}Give one of {', '.join(rules)}", WRONG_USE)


def _alerts_since(consumer: KafkaConsumer, topic: str, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
    from kafka import TopicPartition

    from streams.platform.topic_reading import partition_numbers

    places = [TopicPartition(topic, number) for number in partition_numbers(consumer, topic)]
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
    from streams.cli.profile_tables import cell_text

    yield f"{cell_text(str(alert.get('at', '')))}  {alert.get('rule', '')}"
    yield f"    {_subject(alert)}"
    yield f"    {alert.get('detail', '')}"


def _summary(shown: int, wanted: AlertFilter) -> str:
    if not shown:
        return f"no alert in that time (--since {wanted.since})"
    more = "; --latest shows more" if shown == wanted.latest else ""
    return f"{shown} shown{more}; times in UTC; docs/alerts.md says what each rule means"
