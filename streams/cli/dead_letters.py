"""`harmonia dead-letters`: what was refused, why and where it came from. Values are not shown: they may name people."""

from collections import deque
from collections.abc import Iterator
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from events.dead_letters import DeadLetter
from events.refusal import Reason
from events.times import render_time
from events.topics import DEAD_LETTERS
from streams.cli.failures import failing_plainly, load_settings
from streams.cli.reading import records_of
from streams.clients import KafkaClients
from streams.settings import Settings

app = typer.Typer(help="Refused records.", no_args_is_help=True)


@app.callback()
def dead_letters() -> None:
    """Keep `list` a subcommand while it is the only one."""


@app.command("list")
def list_command(
    reason: Annotated[Reason | None, typer.Option(help="Only those with this dl_reason.")] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the latest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: a line each.")] = False,
) -> None:
    """List the latest refused records, oldest first."""
    settings = load_settings()
    with failing_plainly():
        letters = sorted(
            (letter for letter in read_dead_letters(settings) if reason in (None, letter.refusal.reason)),
            key=lambda letter: letter.time,
        )
    shown = deque(letters, maxlen=last)
    if as_json:
        for letter in shown:
            typer.echo(orjson.dumps(_row(letter)))
        return
    table = Table(box=None)
    for name in ("time", "reason", "topic", "partition", "offset", "stage", "detail"):
        table.add_column(name, overflow="fold")
    for letter in shown:
        table.add_row(*(str(value) for value in _row(letter).values()))
    Console().print(table)
    typer.echo(f"{len(shown)} of {len(letters)}")


def read_dead_letters(settings: Settings) -> Iterator[DeadLetter]:
    """Every dead letter on the broker now."""
    consumer = KafkaClients(settings).tool_consumer()
    try:
        for record in records_of(consumer, DEAD_LETTERS):
            if letter := DeadLetter.of(record.headers):
                yield letter
    finally:
        consumer.close()


def _row(letter: DeadLetter) -> dict[str, str | int]:
    return {
        "time": render_time(letter.time),
        "reason": letter.refusal.reason.value,
        "topic": letter.origin.topic,
        "partition": letter.origin.partition,
        "offset": letter.origin.offset,
        "stage": letter.origin.stage,
        "detail": letter.refusal.detail,
    }
