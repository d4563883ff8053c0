"""Shows an observation on one screen of 80 columns, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from events.times import render_time
from events.topics import INPUT_TOPICS
from streams.domain.messages import CodedMessage, english
from streams.operations.status.alert_rules import UNSEEN, AlertFinding, verdict, verdict_message
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    ProcessStanding,
    RedisObservation,
    SinkPosition,
)

MOST_REASONS = 4
MOST_PARTITIONS = 3
_STYLES = {"page": "bold red", "ticket": "yellow"}


def screen(seen: Observations, found: Sequence[AlertFinding]) -> RenderableType:
    """The screen: alerts first, then the state of everything."""
    return Group(*_lines(seen, found))


def document(seen: Observations, found: Sequence[AlertFinding]) -> dict[str, Any]:
    """The JSON document; `kafka` or `redis` is a text where that is away."""
    alerts = [
        {"alert": each.alert, "severity": each.severity, "why": each.why, "runbook": each.runbook} for each in found
    ]
    return {"at": render_time(seen.at), "verdict": verdict(found), "alerts": alerts, **_plain(seen), "unseen": UNSEEN}


def _plain(seen: Observations) -> dict[str, Any]:
    said = {name: english(part) if isinstance(part, CodedMessage) else part for name, part in asdict(seen).items()}
    del said["at"]
    said["processes"] = [_process(each) for each in seen.processes]
    return {**said, "sign_of_life_s": seen.sign_of_life_s}


def _process(standing: ProcessStanding) -> dict[str, Any]:
    why = None if standing.why is None else english(standing.why)
    return {"name": standing.name, "state": standing.state, "why": why}


def _lines(seen: Observations, found: Sequence[AlertFinding]) -> Iterator[RenderableType]:
    style = _STYLES.get(verdict(found), "bold green")
    yield Text(f"{render_time(seen.at)}  {english(verdict_message(found))}", style=style)
    for each in found:
        yield Text(f"{each.severity:7}{each.alert}: {each.why}", style=_STYLES[each.severity])
        yield Text(f"       do: {each.runbook}")
    yield Text()
    if isinstance(seen.kafka, KafkaObservation):
        yield from _kafka(seen, seen.kafka)
    if isinstance(seen.redis, RedisObservation):
        yield _sinks(seen.redis)
    if seen.processes:
        yield Text(_processes(seen.processes))
    yield Text(_fullness(seen))
    yield Text(f"Only Prometheus sees: {', '.join(UNSEEN)}", style="dim")


def _kafka(seen: Observations, kafka: KafkaObservation) -> Iterator[RenderableType]:
    life = "" if seen.sign_of_life_s is None else f"; last sign of life {seen.sign_of_life_s:,.0f} s ago"
    yield Text(f"workers: {kafka.members} ({kafka.group_state}){life}")
    table = _table("topic", "oldest\nwaits", "records\nto do", "partitions", "stalled", "no\nworker")
    names = {topic.name for topic in INPUT_TOPICS}
    for flow in kafka.flows:
        if flow.topic in names or flow.topic == "interactions" or flow.lag or flow.unowned:
            stands = _stalled(flow.stalled), str(flow.unowned or "-")
            table.add_row(flow.topic, f"{flow.waits_s:,.0f} s", f"{flow.lag:,}", str(flow.partitions), *stands)
    yield table
    refused = sum(kafka.refused.values())
    yield Text(f"refused in the last hour: {refused:,} of {kafka.came_in:,}{_reasons(kafka)}")
    if refused:
        yield Text("    of what came in within it; a record that was requeued came in twice", style="dim")


def _stalled(partitions: Sequence[int]) -> str:
    """The first stalled partitions; the alert above names all."""
    more = len(partitions) - MOST_PARTITIONS
    return ",".join(map(str, partitions[:MOST_PARTITIONS])) + (f" +{more}" if more > 0 else "") or "-"


def _reasons(kafka: KafkaObservation) -> str:
    listed = [f"{reason} {count:,}" for reason, count in kafka.refused.items()]
    more = [f"{len(listed) - MOST_REASONS} more"] if len(listed) > MOST_REASONS else []
    return f" ({', '.join(listed[:MOST_REASONS] + more)})" if listed else ""


def _processes(processes: Sequence[ProcessStanding]) -> str:
    """Processes by state; what is wrong with them is said above."""
    states = {each.state: [other.name for other in processes if other.state == each.state] for each in processes}
    return "; ".join(f"{state.replace('_', ' ')}: {', '.join(names)}" for state, names in sorted(states.items()))


def _sinks(redis: RedisObservation) -> Table:
    table = _table("sink", "of", "held all", "missing", "position")
    for held in redis.held:
        age = "never" if held.age_s is None else f"{held.age_s:,.0f} s ago"
        table.add_row(held.sink, held.topic, age, str(held.missing or "-"), _position(held))
    return table


def _position(held: SinkPosition) -> str:
    return f"{sum(held.offsets.values()):,}"


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(
            name, justify="left" if number == 0 or name == "of" else "right", no_wrap=True, vertical="bottom"
        )
    return table


def _fullness(seen: Observations) -> str:
    parts = [f"Redis: {seen.redis.memory_used:.0%} of its memory"] if isinstance(seen.redis, RedisObservation) else []
    if seen.disk_used is not None:
        parts.append(f"disk of HARMONIA_STATE_DIR: {seen.disk_used:.0%}")
    return "; ".join(parts)
