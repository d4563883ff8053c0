"""`harmonia dead-letters release`: lets a source out of quarantine and requeues what was held of it.

What is requeued carries its history, and is not held again, whatever the workers have heard by then.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.table import Table

from events.json_types import JSON
from events.times import render_time
from events.topics import QUARANTINE, SOURCE_QUARANTINES
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.letter_choice import JsonOption, now_ms
from streams.cli.letter_lines import console, second
from streams.cli.requeue import (
    DryOption,
    MappingOption,
    OldOption,
    PeopleOption,
    StopOption,
    WaitOption,
    mapping_in,
    send,
    show_rehearsal,
)
from streams.domain.display_names import named

if TYPE_CHECKING:
    from streams.domain.quarantine.quarantines import Quarantine
    from streams.platform.settings import Settings


def release(  # noqa: PLR0913 (options of a command)
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="As its records say it.")] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Show what is in quarantine, and what was.")] = False,
    mapping: MappingOption = None,
    dry_run: DryOption = False,
    stop_at: StopOption = 20,
    old_messages: OldOption = False,
    wait: WaitOption = 60.0,
    people: PeopleOption = 3,
    as_json: JsonOption = False,
) -> None:
    """Let a source out of quarantine, and send what was held of it to where it was going, each record once.

    What would be refused stays held: see `group --quarantined`, and release again with a mapping.
    """
    from streams.domain.dead_letter_repair.selection import LetterSelection
    from streams.domain.dead_letter_repair.verdicts import RequeueRules
    from streams.operations.requeue.requeue_run import Order

    if (source is None) is not listed:
        refuse("SOURCE: give one, or --list alone", WRONG_USE)
    settings = load_settings()
    if source is None:
        _list(settings, as_json=as_json)
        return
    rules = RequeueRules(
        now_ms(), settings.hasher, uuid.uuid4().hex[:12], mapping_in(mapping), old_messages=old_messages
    )  # fmt: skip
    order = Order(LetterSelection(source=source), rules, QUARANTINE, stop_at=stop_at / 100, wait_s=wait)
    with failing_plainly():
        quarantined = _quarantines(settings)
    if dry_run:
        show_rehearsal(settings, order, people, as_json=as_json, sources=quarantined)
        return
    if source in quarantined:
        _let_go(settings, source)
    send(settings, order, as_json=as_json, sources=quarantined)


def _let_go(settings: Settings, source: str) -> None:
    from streams.platform.clients import KafkaClients

    with failing_plainly(), closing(KafkaClients(settings).tool_producer()) as producer:
        producer.send(SOURCE_QUARANTINES, None, source.encode(), partition=0).get()


def _list(settings: Settings, *, as_json: bool) -> None:
    with failing_plainly():
        known = sorted(_quarantines(settings).values(), key=lambda each: each.since)
    now = now_ms()
    if as_json:
        typer.echo(orjson.dumps([_row(each, now) for each in known]))
        return
    table = Table("source", "since", "until", "held now", box=None)
    for each in known:
        table.add_row(named(each.source), second(each.since), second(each.until), "yes" if now < each.until else "no")
    console().print(table)


def _row(each: Quarantine, now: int) -> dict[str, JSON]:
    return {
        "source": named(each.source),
        "since": render_time(each.since),
        "until": render_time(each.until),
        "refused": each.refused,
        "held_now": now < each.until,
    }


def _quarantines(settings: Settings) -> dict[str, Quarantine]:
    from streams.domain.quarantine.quarantines import read_quarantine_record
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    known: dict[str, Quarantine] = {}
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, SOURCE_QUARANTINES):
            read_quarantine_record(record.key, record.value, known)
    return known
