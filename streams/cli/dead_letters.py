"""`harmonia dead-letters`: what was refused, why, where it came from, and how it is requeued.

Values are shown where they are asked for and nowhere else: they may name people.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from heapq import nlargest
from typing import TYPE_CHECKING, Annotated, TypeVar

import orjson
import typer

from streams.cli.dead_letter_options import (
    BackOption,
    DetailOption,
    HeldOption,
    JsonOption,
    SinceOption,
    SourceOption,
    StageOption,
    TopicOption,
    TypeOption,
    UntilOption,
    WhyOption,
    letter_noun,
    selection_of_options,
    topic_of,
)
from streams.cli.dead_letter_output import (
    console,
    group_row,
    letter_row,
    shapes_row,
    show_groups,
    show_letter,
    show_shapes,
)
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.requeue import release, requeue_command
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from streams.domain.dead_letter_repair.letters import Letter
    from streams.domain.dead_letter_repair.selection import LetterSelection, NamesRead

app = typer.Typer(help="Dead letters, which are refused records: look at them, and requeue them.", no_args_is_help=True)
app.command("requeue")(requeue_command)
app.command()(release)

Found = TypeVar("Found")

_is_place = re.compile(r"([A-Za-z0-9._-]+)/(\d{1,6})/(\d{1,18})", re.ASCII).fullmatch


@app.command("list")
def list_command(  # noqa: PLR0913 (options of a command)
    *,
    reason: WhyOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    source: SourceOption = None,
    type_: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    detail: DetailOption = None,
    came_back: BackOption = False,
    quarantined: HeldOption = False,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the latest.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the latest refused records, oldest first."""
    from streams.domain.dead_letter_repair.selection import NamesRead
    from streams.operations.requeue.letter_reading import requeued_at

    names = NamesRead()
    choice = selection_of_options(
        since=since, until=until, reason=reason, topic=topic, stage=stage, source=source, type=type_,
        detail=detail, came_back=came_back,
    )  # fmt: skip
    (shown, total), requeued = _read(
        quarantined,
        lambda consumer, where: (_latest(consumer, where, partial(names.takes, choice), last), requeued_at(consumer)),
    )
    _print_unknown_names(names, choice, quarantined)
    out = console()
    for letter in shown:
        if as_json:
            typer.echo(orjson.dumps(letter_row(letter, requeued.get(letter.name))))
        else:
            show_letter(out, letter, is_requeued=letter.name in requeued)
    if not as_json:
        say(f"{len(shown)} of {counted(total, 'dead letter', 'dead letters')}")


@app.command()
def group(  # noqa: PLR0913 (options of a command)
    *,
    reason: WhyOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    source: SourceOption = None,
    type_: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    detail: DetailOption = None,
    came_back: BackOption = False,
    quarantined: HeldOption = False,
    top: Annotated[int, typer.Option(min=1, help="At most so many groups, the largest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Count refused records by cause: reason and field, topic, source and type; what is open, and what was requeued."""
    from streams.domain.dead_letter_repair.causes import group_by_cause
    from streams.domain.dead_letter_repair.selection import NamesRead
    from streams.operations.requeue.letter_reading import letters_in, requeued_names

    names = NamesRead()
    choice = selection_of_options(
        since=since, until=until, reason=reason, topic=topic, stage=stage, source=source, type=type_,
        detail=detail, came_back=came_back,
    )  # fmt: skip
    groups = _read(
        quarantined,
        lambda consumer, where: group_by_cause(
            filter(partial(names.takes, choice), letters_in(consumer, where)), requeued=requeued_names(consumer)
        ),
    )
    _print_unknown_names(names, choice, quarantined)
    if as_json:
        for one in groups[:top]:
            typer.echo(orjson.dumps(group_row(one)))
        return
    show_groups(console(), groups[:top])
    still, requeued = sum(one.open for one in groups), sum(one.requeued for one in groups)
    since = f"; {requeued:,} requeued" if requeued else ""
    say(
        f"{counted(still, 'open dead letter', 'open dead letters')} of {counted(len(groups), 'cause', 'causes')}{since}"
    )
    if len(groups) > top:
        say(f"{len(groups) - top} causes are not shown: --top")


@app.command()
def fields(  # noqa: PLR0913 (options of a command)
    *,
    reason: WhyOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    source: SourceOption = None,
    type_: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    detail: DetailOption = None,
    came_back: BackOption = False,
    quarantined: HeldOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show which fields refused records have, and of what kind each is, for a mapping: never what is in one."""
    from streams.domain.dead_letter_repair.selection import NamesRead
    from streams.domain.dead_letter_repair.shapes import field_shapes
    from streams.operations.requeue.letter_reading import letters_in

    names = NamesRead()
    choice = selection_of_options(
        since=since, until=until, reason=reason, topic=topic, stage=stage, source=source, type=type_,
        detail=detail, came_back=came_back,
    )  # fmt: skip
    shapes = _read(
        quarantined,
        lambda consumer, where: field_shapes(filter(partial(names.takes, choice), letters_in(consumer, where))),
    )
    _print_unknown_names(names, choice, quarantined)
    if as_json:
        typer.echo(orjson.dumps(shapes_row(shapes)))
    else:
        show_shapes(shapes)


@app.command()
def show(
    where: Annotated[
        str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="Of the dead letter, or of the refused record.")
    ],
    value: Annotated[bool, typer.Option("--value", help="Headers and value too. They may name people.")] = False,
    quarantined: HeldOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter with its history. Exit code 1 when there is none."""
    from streams.cli.dead_letter_output import show_whole, whole_row
    from streams.domain.dead_letter_repair.letters import RecordPosition
    from streams.operations.requeue.letter_reading import letters_at, requeued_at

    found = _is_place(where)
    if found is None:
        refuse("TOPIC/PARTITION/OFFSET: give where it stands, such as email-events/3/4711", WRONG_USE)
    place = RecordPosition(found[1], int(found[2]), int(found[3]))
    letters, requeued = _read(
        quarantined, lambda consumer, topic: (letters_at(consumer, place, topic), requeued_at(consumer))
    )
    if not letters:
        refuse(f"{place}: no dead letter is there, nor of that record; `harmonia dead-letters list` shows which are")
    for letter in letters:
        if as_json:
            typer.echo(orjson.dumps(whole_row(letter, requeued.get(letter.name), with_value=value)))
        else:
            show_whole(console(), letter, requeued.get(letter.name), with_value=value)


def _latest(
    consumer: KafkaConsumer, topic: str, takes: Callable[[Letter], bool], most: int
) -> tuple[list[Letter], int]:
    """The latest so many, oldest first, and how many there are."""
    from streams.operations.requeue.letter_reading import letters_in

    seen: Counter[str] = Counter()

    def counted(letter: Letter) -> int:
        seen["letters"] += 1
        return letter.time

    latest = nlargest(most, filter(takes, letters_in(consumer, topic)), key=counted)
    return latest[::-1], seen.total()


def _print_unknown_names(names: NamesRead, choice: LetterSelection, quarantined: bool) -> None:
    for missed in names.missed(choice, letter_noun(topic_of(quarantined=quarantined))):
        say(missed, err=True)


def _read(quarantined: bool, read: Callable[[KafkaConsumer, str], Found]) -> Found:
    from streams.platform.clients import KafkaClients

    settings = load_settings()
    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        return read(consumer, topic_of(quarantined=quarantined))
