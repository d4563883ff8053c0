"""`harmonia produce`: publish interactions from a file, after a look at each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.json_types import JSON
from events.refusal import Reason, Refusal
from streams.cli.failures import REFUSED, failing_plainly, load_settings
from streams.cli.output import say
from streams.cli.time_options import now_ms

if TYPE_CHECKING:
    from events.unknown_fields import UnknownField
    from streams.history.importing.import_run import RepeatedIds
    from streams.platform.settings import Settings


def produce(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE.jsonl", help="An event a line; - for standard input")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Publish each line to the topic of its type. Lines that would be refused are named and not sent: exit code 1.

    Fields that a type does not know are sent, and named: one may be a known field misspelled.
    """
    from events.opening_words import TIME_AHEAD
    from streams.history.importing.import_run import RepeatedIds
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic

    settings = load_settings()
    sent: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    unknown: dict[UnknownField, list[int]] = {}
    ahead: list[int] = []
    repeated = RepeatedIds()
    with failing_plainly():
        producer = KafkaClients(settings).tool_producer()
        acknowledged = []
        for number, value in _lines(file):
            routed = route(value, settings, now_ms())
            if isinstance(routed, Refusal):
                refused[routed.reason.value] += 1
                say(f"line {number}: {routed.reason}: {routed.detail}", err=True)
            else:
                topic, strange, is_ahead = routed
                ahead += [number] if is_ahead else []
                _notice(repeated, number, value)
                if topic not in sent:  # of others a producer need not know anything
                    require_topic(settings, topic)
                sent[topic] += 1
                for field in strange:
                    unknown.setdefault(field, []).append(number)
                acknowledged.append(producer.send(topic, value))
        for future in acknowledged:
            future.get()
        producer.close()
    for remark in repeated.remarks():
        say(remark, err=True)
    found = sorted(unknown.items(), key=lambda each: -len(each[1]))
    for field, lines in found:
        say(f"{len(lines):,} × {field} ({_where(lines)})", err=True)
    if ahead:
        say(f"{len(ahead):,} × {TIME_AHEAD} ({_where(ahead)})", err=True)
    summary: dict[str, JSON] = {"sent": {**sent}, "refused": {**refused}}
    summary |= _remarked(found, repeated.count) | ({"times_ahead": len(ahead)} if ahead else {})
    if as_json:
        typer.echo(orjson.dumps(summary))
    else:
        say(f"sent {sent.total()}, refused {refused.total()}")
    raise typer.Exit(REFUSED if refused else 0)


def route(value: bytes, settings: Settings, now_ms: int) -> tuple[str, list[UnknownField], bool] | Refusal:
    """The topic for an event in structured mode, or why it would be refused.

    Besides the topic: fields that its type does not know, and whether it opens something with a time that is far ahead.
    """
    from events.envelope import Record, ahead_ms
    from events.opening_words import CLOCK_AHEAD_MS
    from events.pre_send_check import judge_before_sending
    from events.registry import topic_of
    from events.unknown_fields import unknown_fields

    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return Refusal(Reason.NOT_JSON, "not JSON: one whole event on each line")
    type_ = event.get("type") if isinstance(event, dict) else None
    topic = topic_of(type_) if isinstance(type_, str) else ""
    outcome = judge_before_sending(Record(topic, value, (), now_ms), settings.phone_region, settings.wall)
    if isinstance(outcome, Refusal):
        return outcome
    return topic, unknown_fields(outcome.type, event.get("data")), ahead_ms(outcome) > CLOCK_AHEAD_MS


def _remarked(unknown: Sequence[tuple[UnknownField, list[int]]], repeated_ids: int) -> dict[str, JSON]:
    """The part of the summary for programs about events that were sent and may be wrong; empty where none may."""
    found: dict[str, JSON] = {}
    if unknown:
        found["unknown_fields"] = [
            {**field._asdict(), "events": len(lines), "line": lines[0]} for field, lines in unknown
        ]
    if repeated_ids:
        found["repeated_ids"] = repeated_ids
    return found


def _where(lines: list[int]) -> str:
    """The lines in which something was found, in short."""
    return f"line {lines[0]}" if len(lines) == 1 else f"first in line {lines[0]}"


def _notice(repeated: RepeatedIds, number: int, value: bytes) -> None:
    """Compare the event of a line with those before it; only its content counts, not the order of its fields."""
    event = orjson.loads(value)
    repeated.see(number, event["source"], event["id"], orjson.dumps(event, option=orjson.OPT_SORT_KEYS))


def _lines(file: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(file, start=1):
        if value := line.strip():
            yield number, value
