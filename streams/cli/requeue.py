"""`harmonia dead-letters requeue`, `release`: sends refused or held records to their topics again.

What `release` requeues carries its history, and is not held again, also by workers that do not know of the release yet.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.table import Table

from events.json_types import JSON
from events.times import render_time
from events.topics import QUARANTINE, SOURCE_QUARANTINES
from streams.cli.dead_letter_options import (
    BackOption,
    DetailOption,
    HeldOption,
    JsonOption,
    ProgressOption,
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
from streams.cli.dead_letter_output import console, shown_time
from streams.cli.failures import REFUSED, WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_table, say
from streams.cli.person import find_person, masked_identifier
from streams.cli.time_options import now_ms
from streams.domain.display_names import counted, named
from streams.services.permission.person_name import PersonName

if TYPE_CHECKING:
    from streams.domain.dead_letter_repair.mapping import Mapping
    from streams.domain.dead_letter_repair.profile_effects import AddedField
    from streams.domain.quarantine.quarantines import Quarantine
    from streams.operations.requeue.requeue_run import DryRun, RequeueCounts, RequeueOptions, Show
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
    progress: ProgressOption = False,
) -> None:
    """Requeue dead letters: send them to where they came from, each of them once however often this is called.

    Exit code 1 when some of those that were meant could not be sent, came back, or the call was stopped.
    """
    from streams.domain.dead_letter_repair.verdicts import CONTACTS, RequeueRules
    from streams.operations.requeue.requeue_run import RequeueOptions

    choice = selection_of_options(
        since=since, until=until, reason=reason, topic=topic, stage=stage, source=source, type=type_,
        detail=detail, came_back=came_back,
    )  # fmt: skip
    if choice.is_everything is not everything:
        refuse("choose dead letters by an option such as --reason or --source, or give --all alone", WRONG_USE)
    settings = load_settings()
    rules = RequeueRules(
        now_ms(), settings.hasher, uuid.uuid4().hex[:12], mapping_in(mapping), deepest, old_messages,
        full=stage == CONTACTS, wall=settings.wall,
    )  # fmt: skip
    order = RequeueOptions(choice, rules, topic_of(quarantined=quarantined), limit, stop_at / 100, wait)
    if dry_run:
        show_rehearsal(settings, order, people, as_json=as_json)
    else:
        requeue_and_print(settings, order, progress_rows if progress else print_progress, as_json=as_json)


def mapping_in(file: Path | None) -> Mapping | None:
    """The mapping of a file. Ends the command when it holds none."""
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
    settings: Settings, order: RequeueOptions, people: int, *, as_json: bool, sources: Collection[str] = ()
) -> None:
    """Print what would be sent. `sources`: those in quarantine, which may have no dead letter."""
    from streams.operations.requeue.requeue_run import dry_run

    with failing_plainly():
        found = dry_run(settings, order, people)
    if as_json:
        typer.echo(orjson.dumps(rehearsal_row(found, order)))
    _refuse_unknown_names(found.account, order, sources)
    if not as_json:
        print_rehearsal(settings, found, order)
    raise typer.Exit(0 if found.account.is_clean else REFUSED)


def requeue_and_print(
    settings: Settings, order: RequeueOptions, show: Show, *, as_json: bool, sources: Collection[str] = ()
) -> None:
    """Requeue, and print what was sent; `show` is given the counts after each batch.

    `sources`: those in quarantine, which may have no dead letter.
    """
    import asyncio

    from streams.operations.requeue.requeue_run import requeue

    with failing_plainly():
        account = asyncio.run(requeue(settings, order, show))
    if as_json:
        typer.echo(orjson.dumps(account_row(account, order)))
    _refuse_unknown_names(account, order, sources)
    if not as_json:
        print_account(account, order)
    if account.stopped:
        refuse(account.stopped)
    raise typer.Exit(0 if account.is_clean else REFUSED)


def _refuse_unknown_names(account: RequeueCounts, order: RequeueOptions, sources: Collection[str]) -> None:
    if missed := account.names.missed(order.choice, letter_noun(order.topic), sources):
        refuse("\n".join(missed))


_ONCE = "What a profile holds already under the same source and id is not taken twice."


def account_row(account: RequeueCounts, order: RequeueOptions) -> dict[str, JSON]:
    """The account of a requeueing as JSON."""
    mapping = order.rules.mapping
    sent = sorted(account.sent.items())
    return {
        "run": order.rules.run,
        "mapping": None if mapping is None else mapping.version,
        "matched": account.matched,
        "sent": [{"topic": topic, "type": type_ and named(type_), "count": count} for (topic, type_), count in sent],
        "refused": [
            {"reason": reason, "detail": detail, "count": count}
            for (reason, detail), count in account.refused.most_common()
        ],
        "left": {why.value: count for why, count in sorted(account.left.items())},
        "came_back": account.came_back,
        "stopped": account.stopped,
        "stopped_by": account.stopped_by,
    }


def rehearsal_row(found: DryRun, order: RequeueOptions) -> dict[str, JSON]:
    """The account of a dry run as JSON; `sent` is what would be sent."""
    sample: dict[str, JSON] = {name: {each.field: each.value for each in added} for name, added in found.sample.items()}
    return {**account_row(found.account, order), "contacts": len(found.contacts), "adds_alone": sample}


def print_progress(account: RequeueCounts) -> None:
    """Print a line after each batch, on a terminal only."""
    if sys.stderr.isatty():
        say(f"{account.sent.total():,} sent, {account.came_back:,} came back", err=True)


def progress_rows(account: RequeueCounts) -> None:
    """Print a line of JSON after each batch, for programs."""
    row = {"matched": account.matched, "sent": account.sent.total(), "came_back": account.came_back}
    say(orjson.dumps(row).decode(), err=True)


def print_account(account: RequeueCounts, order: RequeueOptions) -> None:
    """Print the account of a requeueing."""
    _print_counts(account, "sent")
    if account.came_back:
        say(f"{account.came_back:,} came back: harmonia dead-letters group --came-back")
    if account.sent:
        say(f"Run {order.rules.run}. {_ONCE}")


def print_rehearsal(settings: Settings, found: DryRun, order: RequeueOptions) -> None:
    """Print what a dry run would send, and what it would add to some profiles."""
    _print_counts(found.account, "would be sent")
    say(f"They name {counted(len(found.contacts), 'contact', 'contacts')}. Nothing was sent.")
    for name, added in found.sample.items():
        _print_added_fields(settings, name, added)
    if found.sample:
        say(f"Dead letters alone: what they say of somebody of whom nothing else is known. {_ONCE}")


def _print_counts(account: RequeueCounts, verb: str) -> None:
    from streams.domain.dead_letter_repair.verdicts import NOT_REQUEUED_TEXTS

    say(f"{counted(account.matched, 'dead letter', 'dead letters')} chosen, {account.sent.total():,} {verb}")
    for (topic, type_), count in sorted(account.sent.items()):
        say(f"  {count:>7,}  {topic}: {named(type_)}")
    if account.refused:
        say(f"{account.refused.total():,} would be refused again, so they stay")
    for (reason, detail), count in account.refused.most_common():
        say(f"  {count:>7,}  {reason}: {detail}")
    for why, count in sorted(account.left.items()):
        say(f"{count:,} left as {'it is' if count == 1 else 'they are'}: {NOT_REQUEUED_TEXTS[why]}")


def _print_added_fields(settings: Settings, name: str, added: list[AddedField]) -> None:
    now = _known(settings, name)
    out = console()
    out.print(f"\n{masked_identifier(name)}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("  field", overflow="fold")
    table.add_column("now", no_wrap=True)
    table.add_column("dead letters alone", no_wrap=True)
    for each in added:
        shown = "?" if now is None else short_value(each.field, now.get(each.field))
        table.add_row(f"  {each.field}", shown, short_value(each.field, each.value))
    out.print(table)


def _known(settings: Settings, name: str) -> dict[str, JSON] | None:
    """The profile of a contact by field, empty for an unknown one; None: Redis does not answer."""
    import asyncio

    from redis.exceptions import RedisError

    from sinks.lookup import KnownContact
    from streams.domain.dead_letter_repair.profile_effects import leaf_fields

    try:
        found = asyncio.run(find_person(settings, PersonName(None, name)))
    except RedisError:
        return None
    return dict(leaf_fields(orjson.loads(found.profile))) if isinstance(found, KnownContact) else {}


def short_value(field: str, value: JSON) -> str:
    """A field of the profile in short: texts up to the length of a time in seconds, amounts as money."""
    from streams.cli.profile_tables import cell_at, cell_text

    if value is None:
        return "-"
    return cell_text(value)[:19] if isinstance(value, str) else cell_at(field, value)


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
    progress: ProgressOption = False,
) -> None:
    """Let a source out of quarantine, and send what was held of it to where it was going, each record once.

    What would be refused stays held: see `group --quarantined`, and release again with a mapping.
    """
    from streams.domain.dead_letter_repair.selection import LetterSelection, is_of_name
    from streams.domain.dead_letter_repair.verdicts import RequeueRules
    from streams.operations.requeue.requeue_run import RequeueOptions

    if (source is None) is not listed:
        refuse("SOURCE: give one, or --list alone", WRONG_USE)
    settings = load_settings()
    if source is None:
        _list(settings, as_json=as_json)
        return
    rules = RequeueRules(
        now_ms(), settings.hasher, uuid.uuid4().hex[:12], mapping_in(mapping), old_messages=old_messages,
        wall=settings.wall,
    )  # fmt: skip
    order = RequeueOptions(LetterSelection(source=source), rules, QUARANTINE, stop_at=stop_at / 100, wait_s=wait)
    with failing_plainly():
        quarantined = _quarantines(settings)
    if dry_run:
        show_rehearsal(settings, order, people, as_json=as_json, sources=quarantined)
        return
    for each in quarantined:
        if is_of_name(source, each):
            _let_go(settings, each)
    show = progress_rows if progress else print_progress
    requeue_and_print(settings, order, show, as_json=as_json, sources=quarantined)


def _let_go(settings: Settings, source: str) -> None:
    from streams.platform.clients import KafkaClients

    with failing_plainly(), closing(KafkaClients(settings).tool_producer()) as producer:
        producer.send(SOURCE_QUARANTINES, None, source.encode(), partition=0).get()


def _list(settings: Settings, *, as_json: bool) -> None:
    from streams.operations.refused_records import waiting_by_source
    from streams.platform.clients import KafkaClients

    with failing_plainly():
        known = sorted(_quarantines(settings).values(), key=lambda each: each.since)
        with closing(KafkaClients(settings).tool_consumer()) as consumer:
            waiting = waiting_by_source(consumer)
    now = now_ms()
    if as_json:
        typer.echo(orjson.dumps([_row(each, now, waiting[each.source]) for each in known]))
        return
    print_quarantines(known, now, waiting)


def print_quarantines(known: Iterable[Quarantine], now: int, waiting: dict[str, int]) -> None:
    """Print sources that are or were in quarantine, whole: each is given to the next command. `waiting`: records."""
    rows = [
        (
            named(each.source),
            shown_time(each.since),
            shown_time(each.until),
            "yes" if now < each.until else "no",
            f"{waiting[each.source]:,}",
        )
        for each in known
    ]
    print_table(("source", "since", "until", "held now", "records that wait"), rows, right=(4,))


def _row(each: Quarantine, now: int, waiting: int) -> dict[str, JSON]:
    return {
        "source": named(each.source),
        "since": render_time(each.since),
        "until": render_time(each.until),
        "refused": each.refused,
        "held_now": now < each.until,
        "waiting": waiting,
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
