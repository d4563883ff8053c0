"""The commands `harmonia segments members` and `export`, and the members of a segment as a list for other commands.

Members are read from Redis, page by page, where a sink keeps those of segments with `members = true`.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, NoReturn, cast, get_args

import orjson
import typer

from events.channels import Channel, Purpose
from events.segments import keeps_members
from events.times import render_time
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.help import lines_of
from streams.cli.output import say
from streams.cli.permit_check import purpose_of
from streams.cli.reservations import list_id_of
from streams.cli.time_options import now_ms
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from asyncio import Runner

    from sinks.lookup import Incomplete
    from sinks.segment_lookup import MemberPlace, SegmentsReader
    from streams.platform.settings import Settings
    from streams.services.audience import Audience

AT_ONCE = 10_000
"""Members of one call of Redis."""
_DAY_S = 86_400
_HEADER = b"contact_id,member_since\n"

Id = Annotated[str, typer.Argument(metavar="ID", help="The segment's id.")]


def members(
    segment: Id, as_json: Annotated[bool, typer.Option("--json", help="For programs: one a line.")] = False
) -> None:
    """Write who is in a segment to standard output, as CSV: contact_id, member_since.

    Being in a segment allows nothing: to reach its members, use `segments export`. Each look is in audit-log.
    Exit code 1 when no list of its members is kept, or Redis lacks something: throw away what was written.
    """
    settings = load_settings()
    out = sys.stdout.buffer
    with failing_plainly(), members_of(settings, segment) as found:
        _write_down(settings, segment)
        if not as_json:
            out.write(_HEADER)
        for member in found:
            out.write(_json_line(member) if as_json else _row(member))
        out.flush()


def export(  # noqa: PLR0913 (options of a command)
    segment: Id,
    *,
    channel: Annotated[Channel, typer.Option(help="How they are to be reached.")],
    purpose: Annotated[
        str, typer.Option(callback=purpose_of, metavar=f"<{lines_of([*get_args(Purpose)])}>", help="What for.")
    ],
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
    reserve: Annotated[
        int | None, typer.Option(min=1, max=_DAY_S, help="Seconds to keep other teams away from whoever is allowed.")
    ] = None,
    reserve_as: Annotated[
        str | None, typer.Option(metavar="ID", callback=list_id_of, help="With --reserve: the id to give all back by.")
    ] = None,
    denied: Annotated[Path | None, typer.Option(dir_okay=False, help="File for all others, with the reason.")] = None,
    deferred: Annotated[Path | None, typer.Option(dir_okay=False, help="File of their own for the deferred.")] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that judge.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the counts, on standard error.")] = False,
) -> None:
    """Write those members of a segment who may be reached now to standard output, as `harmonia permit` does of a list.

    Everybody goes through the contact policy; standard error says how many by reason. Exit code 1 when no list of
    members is kept, or not everyone could be judged: throw away what was written.
    """
    from streams.cli.failures import WRONG_USE
    from streams.cli.permit import PermitRun, filter_audience
    from streams.cli.permit_check import require_senders_name
    from streams.cli.roll_selection import selectable_members
    from streams.domain.pressure import PermissionRequest

    if reserve is not None and not team:
        refuse("--reserve: a reservation is a team's: give --team", WRONG_USE)
    require_senders_name(sender)
    settings = load_settings()
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
    run = PermitRun(request, now_ms(), reserve, others, processes, as_json, segment, reserve_as or "")
    with selectable_members(settings, segment, as_json=as_json) as (audience, denied_before):
        filter_audience(settings, audience, run, denied_before)


@contextmanager
def members_as_list(settings: Settings, segment: str) -> Iterator[Audience]:
    """The members of a segment as a list that was read whole, in a file without a name."""
    from streams.services.audience import Audience, open_audience

    with TemporaryFile() as file:
        with failing_plainly(), members_of(settings, segment) as found:
            file.write(_HEADER)
            file.writelines(map(_row, found))
        file.seek(0)
        audience = open_audience(cast(BinaryIO, file))
        if not isinstance(audience, Audience):
            raise TypeError(audience.reason)
        yield audience


@contextmanager
def members_of(settings: Settings, segment: str) -> Iterator[Iterator[MemberPlace]]:
    """Every member of a segment. Ends the command where there is no list, also when that shows on the way."""
    from asyncio import Runner

    from sinks.segment_lookup import SegmentsReader
    from streams.platform.clients import redis_client

    with Runner() as runner:
        client = redis_client(settings)
        try:
            reader = SegmentsReader(client, settings.profiles_oldest_s)
            if runner.run(require_list(settings, reader, segment)):
                say(f"{segment}: filling: not everybody has been judged by its definition yet", err=True)
            pages = _pages(settings, reader, segment)
            yield (member for page in _in_turn(runner, pages) for member in page)
        finally:
            runner.run(client.aclose())


def _in_turn(runner: Runner, pages: AsyncIterator[list[MemberPlace]]) -> Iterator[list[MemberPlace]]:
    async def following() -> list[MemberPlace] | None:
        return await anext(pages, None)

    while (page := runner.run(following())) is not None:
        yield page


async def _pages(settings: Settings, reader: SegmentsReader, segment: str) -> AsyncIterator[list[MemberPlace]]:
    from sinks.base import SinkUnavailable
    from sinks.lookup import Incomplete
    from sinks.segment_lookup import START

    after, is_last = START, False
    while not is_last:
        try:
            page = await reader.members(segment, after, AT_ONCE)
        except SinkUnavailable as trouble:
            _away(settings, trouble)
        if isinstance(page, Incomplete):
            _lacking(page)
        if {*page.kept} != {"kept"}:
            refuse(f"{segment}: its list is not kept any more; throw away what was written")
        if page.members:
            after = page.members[-1]
            yield [*page.members]
        is_last = page.is_last


async def require_list(settings: Settings, reader: SegmentsReader, segment: str) -> bool:
    """End the command where the members of a segment are not kept, or Redis lacks something.

    Returns whether the segment is filling: not everybody has been judged by its definition yet.
    """
    from events.spelling import did_you_mean
    from sinks.base import SinkUnavailable
    from sinks.lookup import Incomplete

    try:
        found = await reader.all(segment)
    except SinkUnavailable as trouble:
        _away(settings, trouble)
    if isinstance(found, Incomplete):
        _lacking(found)
    if segment not in found.definitions:
        near = did_you_mean(segment, found.definitions)
        refuse(f"{printable(segment)}: no such segment{near}; see `harmonia segments list`")
    if not keeps_members(found.definitions[segment]):
        refuse(f"{segment}: no list of its members is kept; define it with members = true, and ask again in a moment")
    states = found.kept.get(segment, ())
    if "full" in states:
        refuse(
            f"{segment}: beyond 20 million members of all segments the largest are not kept; once others keep fewer, "
            "define it with members = false and again with members = true"
        )
    if len(states) < found.partitions or {*states} != {"kept"}:
        refuse(f"{segment}: its members are still gathered; does a worker run? Ask again in a moment")
    return any(orjson.loads(count)["state"] == "filling" for count in found.counts.get(segment, ()))


def _away(settings: Settings, trouble: Exception) -> NoReturn:
    from streams.platform.tried_address import redis_unanswered_cure

    refuse(f"{trouble}; {redis_unanswered_cure(settings)}")


def _lacking(found: Incomplete) -> NoReturn:
    from streams.platform.identity_key import describe_incomplete

    refuse(f"segments_incomplete: in Redis {describe_incomplete(found)}; is a worker running, and has it caught up?")


def _write_down(settings: Settings, segment: str) -> None:
    """Write into `audit-log` that members were listed; where that fails nothing is shown."""
    from events.outputs import AuditRecord
    from streams.services.permission.command_audit import send_record

    record: AuditRecord = {
        "request": secrets.token_hex(16),
        "at": render_time(now_ms()),
        "team": "",
        "what": "list",
        "channel": None,
        "purpose": None,
        "campaign_id": None,
        "policy_version": None,
        "answers": [],
        "segment": segment,
    }
    if (why := send_record(settings, record)) is not None:
        refuse(f"nothing is shown, since who looks at members has to be in audit-log: {why}")


def _row(member: MemberPlace) -> bytes:
    return f"{member.contact_id},{render_time(member.since)}\n".encode()


def _json_line(member: MemberPlace) -> bytes:
    return orjson.dumps({"contact_id": member.contact_id, "since": render_time(member.since)}) + b"\n"
