"""`harmonia dead-letters requeue`: sends refused records to their topics again, mended by a mapping if there is one."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from streams.cli.failures import REFUSED, WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.letter_choice import (
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
    called,
    choice_of,
    now_ms,
    topic_of,
)

if TYPE_CHECKING:
    from streams.domain.dead_letter_repair.mapping import Mapping
    from streams.operations.requeue.requeue_run import Account, Order
    from streams.platform.settings import Settings

MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", exists=True, dir_okay=False, help="What to change in them: docs/dead-letters.md."),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Send nothing; show what would be sent and what it adds.")]
StopOption = Annotated[int, typer.Option(min=0, max=100, help="Stop when more than so many percent come back.")]
DeepOption = Annotated[int, typer.Option(min=1, max=100, help="Leave what was requeued so many times before.")]
OldOption = Annotated[bool, typer.Option("--old-messages", help="Messages too that were refused over 7 days ago.")]
WaitOption = Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for the workers after each batch.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Send so many at most.")]
PeopleOption = Annotated[int, typer.Option(min=0, max=100, help="Of how many people --dry-run shows what is added.")]


def requeue_command(  # noqa: PLR0913 (options of a command)
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
    everything: Annotated[bool, typer.Option("--all", help="All dead letters; else choose some.")] = False,
    mapping: MappingOption = None,
    dry_run: DryOption = False,
    limit: LimitOption = None,
    stop_at: StopOption = 20,
    deepest: DeepOption = 3,
    old_messages: OldOption = False,
    wait: WaitOption = 60.0,
    people: PeopleOption = 3,
    as_json: JsonOption = False,
) -> None:
    """Requeue dead letters: send them to where they came from, each of them once however often this is called.

    Exit code 1 when some of those that were meant could not be sent, came back, or the call was stopped.
    """
    from streams.domain.dead_letter_repair.verdicts import CONTACTS, RequeueRules
    from streams.operations.requeue.requeue_run import Order

    choice = choice_of(
        since=since, until=until, reason=reason, topic=topic, stage=stage, source=source, type=type_,
        detail=detail, came_back=came_back,
    )  # fmt: skip
    if choice.is_everything is not everything:
        refuse("choose dead letters by an option such as --reason or --source, or give --all alone", WRONG_USE)
    settings = load_settings()
    rules = RequeueRules(
        now_ms(), settings.hasher, uuid.uuid4().hex[:12], mapping_in(mapping), deepest, old_messages,
        full=stage == CONTACTS,
    )  # fmt: skip
    order = Order(choice, rules, topic_of(quarantined=quarantined), limit, stop_at / 100, wait)
    if dry_run:
        show_rehearsal(settings, order, people, as_json=as_json)
    else:
        send(settings, order, as_json=as_json)


def mapping_in(file: Path | None) -> Mapping | None:
    """The mapping; ends the command when the file holds none."""
    from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping

    if file is None:
        return None
    try:
        found = read_mapping(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        refuse(f"{file}: not UTF-8, as TOML has to be", WRONG_USE)
    if isinstance(found, MappingMistakes):
        refuse("\n".join(f"{file}: {mistake}" for mistake in found.found), WRONG_USE)
    return found


def show_rehearsal(
    settings: Settings, order: Order, people: int, *, as_json: bool, sources: Collection[str] = ()
) -> None:
    """Say what would be sent. `sources`: those in quarantine, which may have no letter."""
    from streams.cli.requeue_told import rehearsal_row, tell_rehearsal
    from streams.operations.requeue.dry_run import rehearse

    with failing_plainly():
        found = rehearse(settings, order, people)
    if as_json:
        typer.echo(orjson.dumps(rehearsal_row(found, order)))
    _refuse_unknown_names(found.account, order, sources)
    if not as_json:
        tell_rehearsal(settings, found, order)
    raise typer.Exit(0 if found.account.is_clean else REFUSED)


def send(settings: Settings, order: Order, *, as_json: bool, sources: Collection[str] = ()) -> None:
    """Send, and say what was sent. `sources`: those in quarantine, which may have no letter."""
    import asyncio

    from streams.cli.requeue_told import account_row, tell, tell_progress
    from streams.operations.requeue.requeue_run import requeue

    with failing_plainly():
        account = asyncio.run(requeue(settings, order, tell_progress))
    if as_json:
        typer.echo(orjson.dumps(account_row(account, order)))
    _refuse_unknown_names(account, order, sources)
    if not as_json:
        tell(account, order)
    if account.stopped:
        refuse(account.stopped)
    raise typer.Exit(0 if account.is_clean else REFUSED)


def _refuse_unknown_names(account: Account, order: Order, sources: Collection[str]) -> None:
    if missed := account.names.missed(order.choice, called(order.topic), sources):
        refuse("\n".join(missed))
