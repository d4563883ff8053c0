"""`harmonia vendors`: brings the list that a vendor has of our people in line with what is known here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NoReturn

import orjson
import typer

from events.channels import LimitedPurpose
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_table, say, waiting
from streams.domain.display_names import counted
from streams.domain.vendors.tags import MOST_REMOVED, tag_of
from streams.services.vendors.names import VendorName

if TYPE_CHECKING:
    from streams.platform.settings import Settings
    from streams.services.vendors.runs import SyncTask
    from streams.services.vendors.sync import SyncOrder, SyncResult

app = typer.Typer(help="Vendors' own lists, brought in line with what is known here.", no_args_is_help=True)
_SUPPRESSIONS = "suppressions"
_segment = re.compile(r"segment:([A-Za-z0-9._-]{1,64})").fullmatch


@app.callback()
def vendors() -> None:
    """Keep `sync` a subcommand while it is the only one."""


@app.command()
def sync(  # noqa: PLR0913 (options of a command)
    vendor: Annotated[VendorName, typer.Argument(metavar="VENDOR", help="actionnetwork or sendgrid.")],
    *,
    what: Annotated[str, typer.Option(metavar="WHAT", help="suppressions, or segment:ID.")],
    purpose: Annotated[
        LimitedPurpose | None, typer.Option(help="What is written to who has the tag of the segment.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Change the vendor's list; without it nothing is.")] = False,
    most: Annotated[
        int, typer.Option(min=0, max=100, help="Per cent of those with the tag who may lose it.")
    ] = MOST_REMOVED,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Read a vendor's list, compare it with what is known here, say what differs.

    With --write it is changed there. Suppressions are only ever added. A segment
    is the tag, at SendGrid the list, of the name harmonia:ID. Who is in it and
    may be written to has the tag, for the --purpose if one is given, else for
    all that the policy has conditions for. A run that was interrupted goes on.
    Exit code 1 when something is missing or refused.
    """
    from streams.services.vendors.runs import SyncTask
    from streams.services.vendors.sync import SyncOrder

    task = SyncTask(vendor, _segment_of(what), purpose)
    if purpose is not None and task.segment is None:
        refuse("--purpose: who is suppressed is so whatever is written: leave it out, or name a segment", WRONG_USE)
    settings = load_settings()
    with failing_plainly():
        result = _run(settings, task, SyncOrder(write, most))
    if write and task.segment is not None and not result.is_refused:
        _write_down(settings, task, result)
    if as_json:
        typer.echo(orjson.dumps(_json(task, result, write=write)))
    else:
        _print(task, result)
    if result.is_refused:
        _refuse(task, result, most)
    if not as_json:
        say(_summary(task, result, write=write))
    if result.not_taken:
        number = counted(result.not_taken, "change was", "changes were")
        refuse(f"{number} not taken by the vendor; see there what is wrong, the next run tries again")


def _segment_of(what: str) -> str | None:
    """The segment that is meant; None: suppressions are."""
    if what == _SUPPRESSIONS:
        return None
    if (found := _segment(what)) is None:
        refuse("--what: give suppressions, or segment:ID", WRONG_USE)
    return found[1]


def _run(settings: Settings, task: SyncTask, order: SyncOrder) -> SyncResult:
    import asyncio

    from streams.services.vendors.runs import api_of, run_sync, surroundings

    api = api_of(settings, task.vendor)
    if task.segment is not None:
        asyncio.run(_require_list(settings, task.segment))
    with waiting(f"{api.vendor}: reading") as told:
        return asyncio.run(run_sync(settings, task, order, surroundings(told, _say_that_it_goes_on)))


def _say_that_it_goes_on() -> None:
    say("going on with a run that was interrupted", err=True)


async def _require_list(settings: Settings, segment: str) -> None:
    """End the command where no list of a segment's members is kept. Whether it stays whole is watched by the run."""
    from sinks.segment_lookup import SegmentsReader
    from streams.cli.segment_members import require_list
    from streams.platform.clients import redis_client

    client = redis_client(settings)
    try:
        await require_list(settings, SegmentsReader(client, settings.profiles_oldest_s), segment)
    finally:
        await client.aclose()


def _write_down(settings: Settings, task: SyncTask, result: SyncResult) -> None:
    """Write the counts into `audit-log`. Where that fails the vendor's list is right all the same: it is a warning."""
    from streams.cli.time_options import now_ms
    from streams.domain.pressure import PermissionRequest
    from streams.domain.vendors.standing import CHANNEL
    from streams.services.permission.command_audit import list_record, send_record

    request = PermissionRequest(channel=CHANNEL, purpose=task.purpose or "informational", team="")
    counts: dict[tuple[str, str], int] = {(each.act, each.reason): number for each, number in result.outcomes.items()}
    counts |= {(act, "before_an_interruption"): number for act, number in result.made_before.items() if number}
    record = list_record(request, result.policy_version, now_ms(), counts)
    record["segment"] = task.segment or ""
    if (why := send_record(settings, record)) is not None:
        say(f"not written into audit-log: {why}", err=True)


def _print(task: SyncTask, result: SyncResult) -> None:
    outcomes = sorted(result.outcomes.items(), key=lambda each: (_ACTS.index(each[0].act), each[0].reason))
    if outcomes:
        rows = [[_act(task, outcome.act), outcome.reason, f"{number:,}"] for outcome, number in outcomes]
        print_table(["", "reason", "people"], rows, right=(2,))


_ACTS = ("add", "remove", "leave")


def _act(task: SyncTask, act: str) -> str:
    if act == "leave":
        return "leave as is"
    if task.segment is None:
        return "suppress"
    return "tag" if act == "add" else "take tag off"


def _summary(task: SyncTask, result: SyncResult, *, write: bool) -> str:
    read = f"{counted(result.read, 'person', 'people')} read"
    if not write:
        changes = result.due("add") + result.due("remove")
        cure = ": give --write" if changes else ""
        return f"{read}, {counted(changes, 'difference', 'differences')}; nothing was written{cure}"
    added, removed = result.made["add"], result.made["remove"]
    if task.segment is None:
        return f"{read}, {added:,} suppressed"
    return f"{read}, {added:,} given the tag {tag_of(task.segment)}, {removed:,} no longer with it"


def _refuse(task: SyncTask, result: SyncResult, most: int) -> NoReturn:
    due, removed, tag = result.due("remove"), result.made["remove"], tag_of(task.segment or "")
    per_cent = -(-(due + removed) * 100 // max(result.held, 1))
    before = f" and {removed:,} have lost it before this run was interrupted, together" if removed else ""
    refuse(
        f"nothing was written: {due:,} of {result.held:,} would lose the tag {tag},{before} more than {most} per cent; "
        f"if that is meant, give --most {per_cent}"
    )


def _json(task: SyncTask, result: SyncResult, *, write: bool) -> dict[str, object]:
    return {
        "vendor": task.vendor,
        "segment": task.segment,
        "read": result.read,
        "held": result.held,
        "outcomes": {f"{each.act}:{each.reason}": number for each, number in sorted(result.outcomes.items())},
        "written": write and not result.is_refused,
        "refused": result.is_refused,
        "added": result.made["add"],
        "removed": result.made["remove"],
        "not_taken": result.not_taken,
    }
