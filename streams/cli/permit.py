"""`harmonia permit`: who of an audience may be reached now, and why the others may not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, cast, get_args

import orjson
import typer
from rich.console import Console
from rich.table import Table

from events.channels import Channel, Purpose
from events.json_types import JSON
from events.times import render_time
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.help import lines_of
from streams.cli.output import say
from streams.cli.permit_check import check, moment_of, not_recorded_message, purpose_of
from streams.cli.reservations import list_id_of
from streams.cli.time_options import now_ms
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from streams.domain.pressure import PermissionRequest
    from streams.platform.settings import Settings
    from streams.services.audience import Audience
    from streams.services.audience_filter.chunk_filter import FilterJob
    from streams.services.audience_filter.filtering import FilterSummary

_errors = Console(stderr=True, highlight=False)
_DAY_S = 86_400

app = typer.Typer(invoke_without_command=True)
app.command()(check)


@app.callback()
def permit(  # noqa: PLR0913 (options of a command)
    context: typer.Context,
    *,
    channel: Annotated[Channel | None, typer.Option(help="How they are to be reached. Required.")] = None,
    purpose: Annotated[
        str | None,
        typer.Option(callback=purpose_of, metavar=f"<{lines_of([*get_args(Purpose)])}>", help="What for. Required."),
    ] = None,
    team: Annotated[str, typer.Option(help="Who sends. Without it every touch was another team's.")] = "",
    source: Annotated[str | None, typer.Option(help="Who will report what was sent.")] = None,
    committee: Annotated[str | None, typer.Option(help="For whom is asked to give.")] = None,
    election: Annotated[str | None, typer.Option(help="For which election.")] = None,
    campaign: Annotated[str | None, typer.Option(help="The campaign_id; one that is on hold is denied.")] = None,
    sender: Annotated[str | None, typer.Option(help="The number that texts are sent from.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="The list that mail is sent to.")] = None,
    caller: Annotated[
        Literal["live", "machine"] | None, typer.Option(help="Of calls: who speaks. Unsaid: it may be a machine.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When; RFC 3339. Without it now.")] = None,
    reserve: Annotated[
        int | None, typer.Option(min=1, max=_DAY_S, help="Seconds to keep other teams away from whoever is allowed.")
    ] = None,
    reserve_as: Annotated[
        str | None, typer.Option(metavar="ID", callback=list_id_of, help="With --reserve: the id to give all back by.")
    ] = None,
    asked_by: Annotated[str, typer.Option(hidden=True, help="Who asks, at the console; for audit-log.")] = "",
    of_segment: Annotated[str, typer.Option(hidden=True, help="Whose members they are; for audit-log.")] = "",
    most_bytes: Annotated[
        int | None, typer.Option(hidden=True, help="Limit of all that is written; more is refused.")
    ] = None,
    denied: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="File for all others, the deferred too: decision, reason, earliest_at …"),
    ] = None,
    deferred: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File of their own for the deferred: not yet, but later.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that judge.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the counts, on standard error.")] = False,
) -> None:
    """Read an audience (CSV) from standard input, write who of it may be reached to standard output.

    Exit code 1 when not everyone could be judged, because Redis lacks something: throw away what was written.
    """
    if context.invoked_subcommand is not None:
        return
    if channel is None or purpose is None:
        context.fail(f"Missing option '--{'channel' if channel is None else 'purpose'}'.")
    from streams.cli.permit_check import require_senders_name
    from streams.domain.pressure import PermissionRequest

    if reserve is not None and not team:
        refuse("--reserve: a reservation is a team's: give --team", WRONG_USE)
    require_senders_name(sender)
    moment = moment_of(at)
    settings = load_settings()
    audience = _audience()
    request = PermissionRequest(
        channel=channel,
        purpose=cast(Purpose, purpose),
        team=team,
        source=source,
        committee=committee,
        election=election,
        campaign_id=campaign,
        sender=sender,
        list_id=list_,
        automatic=None if caller is None else caller == "machine",
    )
    others = denied, deferred
    asked = of_segment, reserve_as or "", asked_by
    run = PermitRun(request, moment, reserve, others, processes, as_json, *asked, most_bytes=most_bytes)
    filter_audience(settings, audience, run)


@dataclass(frozen=True, slots=True)
class PermitRun:
    """How a list is filtered. `reserve`: seconds; `others`: files for the denied, and for the deferred.

    `segment`: whose members they are, for `audit-log`, and `asked_by` who asks at the console; empty where there is
    none. `list_id`: by which all who are reserved can be given back. `most_bytes`: the
    limit of all that is written; a list that needs more is refused.
    """

    request: PermissionRequest
    at: int
    reserve: int | None = None
    others: tuple[Path | None, Path | None] = (None, None)
    processes: int = 2
    as_json: bool = False
    segment: str = ""
    list_id: str = ""
    asked_by: str = ""
    most_bytes: int | None = None

    def reserves_as(self) -> str:
        """The id to give all back by, where anybody is to be reserved; else empty."""
        from sinks.reservations import new_list_id

        return "" if self.reserve is None else self.list_id or new_list_id()


@dataclass(frozen=True, slots=True)
class DeniedList:
    """People who are denied whatever the policy says, for one reason, by profiles as of a time (ms)."""

    people: Audience
    reason: str
    as_of: int


def filter_audience(
    settings: Settings, audience: Audience, run: PermitRun, denied_before: Sequence[DeniedList] = ()
) -> None:
    """Write who of an audience may be reached to standard output, and the counts to standard error.

    `denied_before`: others, who are written and counted among the denied. Ends the command with exit code 1 when not
    everyone could be judged.
    """
    from streams.cli.permit_check import name_remarks, stopped_remarks
    from streams.platform.policy_file import policy_of
    from streams.services.audience_filter.chunk_filter import FilterJob

    with failing_plainly():
        policy = policy_of(settings.policy, settings.regime)
    reserve_ms = None if run.reserve is None else run.reserve * 1000
    job = FilterJob(settings, policy, audience.header, run.request, run.at, reserve_ms, run.reserves_as())
    _refuse_while_incomplete(job)
    with failing_plainly():
        names = name_remarks(settings, policy, run.request)
    for remark in names if not run.as_json else ():
        _errors.print(remark, markup=False)
    summary = _run(audience, job, run, denied_before)
    near = stopped_remarks(run.request, summary.stopped_names, settings.phone_region, "some of these people have")
    names += near
    _write_down(summary, job, run)
    unread = () if run.segment else audience.header.unread  # of what we have written ourselves
    _print_summary(summary, unread, job, names if run.as_json else None)
    for remark in near if not run.as_json else ():
        _errors.print(remark, markup=False)
    if summary.stopped is not None and summary.is_too_long:
        refuse(summary.stopped)
    if summary.stopped is not None:
        refuse(unfinished_message(summary.stopped, summary.count("allow"), summary.rows))


def unfinished_message(why: str, allowed: int, judged: int) -> str:
    """The message where judging stopped on the way, with the counts of rows until then."""
    written = counted(allowed, "row", "rows")
    cure = "throw away what was written and run it again"
    return f"{why} {written} had been written as allowed, of {judged:,} judged: {cure}"


def _refuse_while_incomplete(job: FilterJob) -> None:
    """End the command where Redis lacks something, before the first byte is written."""
    from streams.services.audience_filter.chunk_filter import ChunkFilter

    with closing(ChunkFilter(job)) as clerk:
        if (stopped := clerk.look()) is not None:
            refuse(f"{stopped.why} Nothing was written")


def _run(audience: Audience, job: FilterJob, told_how: PermitRun, before: Sequence[DeniedList]) -> FilterSummary:
    """Filter the audience."""
    from itertools import chain

    from streams.cli.output import rows_bar
    from streams.services.audience_filter.filtering import OutputFiles, denied_chunks, judged_chunks
    from streams.services.audience_filter.filtering import write_outcomes as run

    denied, deferred = told_how.others
    first = [denied_chunks(each.people.records(), each.reason, each.as_of) for each in before]
    with (
        _file("--denied", denied) as refused,
        _file("--deferred", deferred) as later,
        rows_bar(audience.file, _errors) as told,
    ):
        out = sys.stdout.buffer
        outcomes = judged_chunks(audience.records(), job, told_how.processes)
        with closing(outcomes):
            notices, most = job.tells_notices, told_how.most_bytes
            files = OutputFiles(audience, out, refused, later, tells_notices=notices, most_bytes=most)
            summary = run(chain(*first, outcomes), files, told)
        out.flush()
    return summary


@contextmanager
def _file(option: str, path: Path | None) -> Iterator[BinaryIO | None]:
    try:
        file = None if path is None else path.open("wb")
    except OSError as error:
        refuse(f"{option}: {path}: {error.strerror}")
    with nullcontext() if file is None else file:
        yield file


def _write_down(summary: FilterSummary, job: FilterJob, run: PermitRun) -> None:
    """Write the counts into `audit-log`. Where that fails the answers are right all the same, so it is a warning."""
    from streams.services.permission.command_audit import list_record, send_record

    if not summary.rows:
        return
    record = list_record(job.request, job.policy.version, now_ms(), summary.reasons)
    if run.segment:
        record["segment"] = run.segment
    if run.asked_by:
        record["viewer"] = run.asked_by
    if run.reserve is not None:
        record["reserved_s"] = run.reserve
    if (why := send_record(job.settings, record)) is not None:
        say(not_recorded_message(why), err=True)


def _print_summary(summary: FilterSummary, unread: Sequence[str], job: FilterJob, remarked: list[str] | None) -> None:
    """Print the counts. `unread`: columns that are only given back.

    `remarked`: remarks on names, for `--json`; None: print for people.
    """
    if remarked is not None:
        told = _json(summary, unread, job)
        typer.echo(orjson.dumps(told | ({"remarks": [*remarked]} if remarked else {})), err=True)
        return
    if unread:
        _errors.print(f"not read, and given back as they were: the columns {', '.join(unread)}", markup=False)
    table = Table("decision", "reason", "rows", box=None)
    for (decision, reason), number in sorted(summary.reasons.items()):
        table.add_row(decision, reason, f"{number:,}")
    _errors.print(table)
    allowed = summary.count("allow")
    _errors.print(f"{allowed:,} of {summary.rows:,} allowed, by policy {job.policy.version}")
    if job.list_id and allowed:
        cure = f"`harmonia reservations release --list {job.list_id}` gives all of them back"
        _errors.print(f"reserved as list {job.list_id}: {cure}", markup=False)


def _json(summary: FilterSummary, unread: Sequence[str], job: FilterJob) -> dict[str, JSON]:
    reserved: dict[str, JSON] = {"reserved_as": job.list_id} if job.list_id else {}
    return {
        "rows": summary.rows,
        "allowed": summary.count("allow"),
        "deferred": summary.count("defer"),
        "denied": summary.count("deny"),
        "reasons": {f"{decision}:{reason}": number for (decision, reason), number in sorted(summary.reasons.items())},
        "policy_version": job.policy.version,
        "as_of": None if summary.as_of is None else render_time(summary.as_of),
        "complete": summary.stopped is None,
        "columns_not_read": [*unread],
        **reserved,
    }


def _audience() -> Audience:
    from streams.services.audience import UnusableAudience, open_audience
    from streams.services.audience_filter.chunk_filter import OWN_COLUMNS

    if sys.stdin.isatty():
        refuse("give an audience on standard input: harmonia permit … < audience.csv > allowed.csv", WRONG_USE)
    audience = open_audience(sys.stdin.buffer)
    if isinstance(audience, UnusableAudience):
        refuse(audience.reason, WRONG_USE)
    if own := sorted(OWN_COLUMNS & {*audience.header.names}):
        refuse(f"the audience has a column {own[0]}: it was judged before; give the list that it came from", WRONG_USE)
    return audience
