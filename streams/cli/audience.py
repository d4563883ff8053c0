"""`harmonia audience`: audiences for political ads online, of whom the gate admits alone."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, cast

import orjson
import typer

from events.fields import LABEL_PATTERN
from events.times import render_time
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.time_options import now_ms
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from events.outputs import AuditRecord
    from streams.domain.advertising.audience_gate import GateRules
    from streams.platform.settings import Settings
    from streams.services.ad_audience.judging import GateCounts
    from streams.services.ad_audience.segment_criteria import SegmentCriteria
    from streams.services.audience import Audience

MOST_REFUSED = 20
"""Per cent of an audience: where more are refused, the list is more likely another one than was meant."""

app = typer.Typer(help="Audiences for political ads online.", no_args_is_help=True)
_segment = re.compile(r"segment:([A-Za-z0-9._-]{1,64})").fullmatch
_is_label = re.compile(LABEL_PATTERN).fullmatch
_UNGATED = (
    "HARMONIA_REGIME=us: nobody is refused for want of direct collection, of a consent to ads or of a word on their "
    "age. Regulation (EU) 2024/900 asks for these where ads reach anybody in the Union: work under fr or eu there"
)


@app.callback()
def audience() -> None:
    """Keep `export` a subcommand while it is the only one."""


@app.command()
def export(  # noqa: PLR0913 (options of a command)
    who: Annotated[str, typer.Argument(metavar="WHO", help="segment:ID, or your own list: a CSV file, - for stdin.")],
    *,
    used_for: Annotated[Literal["online_ads"], typer.Option("--for", help="What they are chosen for.")],
    team: Annotated[str, typer.Option(help="Who asks: it is written down.")],
    campaign: Annotated[str | None, typer.Option(help="The campaign_id of the ads.")] = None,
    criteria: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Of a list: by what its people were chosen, such as plan-7/v2.")
    ] = None,
    carry: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Of a list: a column that holds no address and names nobody; repeatable."),
    ] = None,
    most: Annotated[
        int, typer.Option(min=0, max=100, help="Per cent who may be refused; of more nothing is written.")
    ] = MOST_REFUSED,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many by reason, and write nobody.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: the counts, on standard error.")] = False,
) -> None:
    """Write who may be in an audience for political ads online to standard output, as CSV. docs/audiences.md.

    Under HARMONIA_REGIME=fr and eu only who gave their data themselves, agreed to
    such ads in particular, and is of age by somebody's word; and nobody by a
    segment on support or tags. Standard error says how many by reason, and
    audit-log has it. Exit code 1 when nothing was written.
    """
    if not team.strip():
        refuse("--team: give the team that asks: it is written down with the counts", WRONG_USE)
    found = _segment(who)
    order = AudienceOrder(None if found is None else found[1], used_for, team, campaign, _label(found, criteria))
    settings = load_settings()
    with failing_plainly():
        rules = _rules(settings)
        chosen = None if order.segment is None else _criteria(settings, order.segment)
    if rules is None:
        say(_UNGATED, err=True)
    elif chosen is None and order.label is None:
        refuse("--criteria: say by what these people were chosen, such as plan-7/v2: it is written down", WRONG_USE)
    record = _record(order, chosen, gated=rules is not None)
    if rules is not None and chosen is not None and chosen.special:
        _refuse_special(settings, record, chosen)
    with _people(settings, order, who) as people, TemporaryFile() as kept:
        _require_read(order, people, carry or [], gated=rules is not None)
        with failing_plainly():
            counts = _judge(settings, people, rules, cast(BinaryIO, kept))
            if order.segment is not None and _criteria(settings, order.segment) != chosen:
                refuse(f"{order.segment}: was defined anew while this ran; nothing was written: run this again")
        surprises = counts.surprises(most)
        outcome = "counted" if dry_run else "refused" if surprises else "exported"
        _tell(counts, outcome=outcome, gated=rules is not None, as_json=as_json)
        _write_down(settings, _counted(record, counts, outcome))
        if outcome == "refused":
            _refuse_surprise(counts, most)
        if outcome == "exported":
            kept.seek(0)
            shutil.copyfileobj(kept, sys.stdout.buffer)
            sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class AudienceOrder:
    """Who is asked for, by whom and what for. `segment` None: a list, of which `label` says by what it was made."""

    segment: str | None
    used_for: Literal["online_ads"]
    team: str
    campaign: str | None
    label: str | None


def _label(segment: re.Match[str] | None, criteria: str | None) -> str | None:
    if criteria is None:
        return None
    if segment is not None:
        refuse("--criteria: those of a segment are its definition: leave it out", WRONG_USE)
    if _is_label(criteria) is None or criteria.endswith("\n"):
        refuse("--criteria: give 1 to 128 letters, digits or _ . : / # -, such as plan-7/v2; no person", WRONG_USE)
    return criteria


def _rules(settings: Settings) -> GateRules | None:
    """What the gate asks; None: under this regime it is not asked."""
    from events.regimes import REGIMES
    from streams.domain.advertising.audience_gate import gate_rules
    from streams.platform.policy_file import policy_of

    if not REGIMES[settings.regime].guards_opinion:
        return None
    return gate_rules(policy_of(settings.policy, settings.regime).closures.consent, settings.refused_kinds)


def _criteria(settings: Settings, segment: str) -> SegmentCriteria:
    import asyncio

    from sinks.segment_lookup import SegmentsReader
    from streams.cli.segment_members import require_list
    from streams.domain.pressure.closures import channel_rules
    from streams.platform.clients import redis_client
    from streams.platform.policy_file import policy_of
    from streams.services.ad_audience.segment_criteria import read_criteria

    rules = channel_rules(policy_of(settings.policy, settings.regime))

    async def read() -> SegmentCriteria:
        client = redis_client(settings)
        try:
            reader = SegmentsReader(client, settings.profiles_oldest_s)
            await require_list(settings, reader, segment)
            return await read_criteria(reader, segment, rules)
        finally:
            await client.aclose()

    return asyncio.run(read())


@contextmanager
def _people(settings: Settings, order: AudienceOrder, who: str) -> Iterator[Audience]:
    """Who is asked for, as a list."""
    from streams.cli.segment_members import members_as_list
    from streams.services.audience import UnusableAudience, open_ids

    if order.segment is not None:
        with members_as_list(settings, order.segment) as members:
            yield members
        return
    try:
        file = sys.stdin.buffer if who == "-" else Path(who).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        refuse(f"{printable(who)}: {error.strerror}; give segment:ID, or a CSV file", WRONG_USE)
    with file:
        opened = open_ids(file)
        if isinstance(opened, UnusableAudience):
            refuse(opened.reason, WRONG_USE)
        yield opened


def _require_read(order: AudienceOrder, people: Audience, carried: list[str], *, gated: bool) -> None:
    """End the command where a column of a list may hold an address by which nobody is judged."""
    from streams.services.ad_audience.carried_columns import refused_columns

    if order.segment is not None:
        if carried:
            refuse("--carry: the columns of a segment are known: leave it out", WRONG_USE)
    elif gated and (why := refused_columns(people.header, carried)) is not None:
        refuse(why, WRONG_USE)


def _judge(settings: Settings, people: Audience, rules: GateRules | None, kept: BinaryIO) -> GateCounts:
    import asyncio

    from sinks.lookup import Lookup
    from streams.platform.clients import redis_client
    from streams.services.ad_audience.judging import GateJudge

    async def judge() -> GateCounts:
        client = redis_client(settings)
        try:
            lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
            return await GateJudge(lookup, settings.hasher, rules, now_ms()).keep_admitted(people, kept)
        finally:
            await client.aclose()

    return asyncio.run(judge())


def _tell(counts: GateCounts, *, outcome: str, gated: bool, as_json: bool) -> None:
    """Say how many by reason, on standard error."""
    if as_json:
        told = {
            "rows": counts.rows,
            "admitted": counts.rows - counts.refused,
            "reasons": dict(sorted(counts.by_reason.items())),
            "gated": gated,
            "outcome": outcome,
            "as_of": None if counts.as_of is None else render_time(counts.as_of),
        }
        typer.echo(orjson.dumps(told), err=True)
        return
    width = max((len(f"{number:,}") for number in counts.by_reason.values()), default=0)
    for reason, number in sorted(counts.by_reason.items(), key=lambda each: (each[0] != "admitted", each[0])):
        say(f"{number:>{width},}  {reason}", err=True)
    said = {"counted": "; nothing was written: --dry-run"}.get(outcome, "")
    when = "" if counts.as_of is None else f", as of {render_time(counts.as_of)}"
    say(f"{counts.rows - counts.refused:,} of {counts.rows:,} admitted{when}{said}", err=True)


def _record(order: AudienceOrder, chosen: SegmentCriteria | None, *, gated: bool) -> AuditRecord:
    """What is written down: who asked for an audience, what for and by which criteria, and nobody who is in it."""
    record: AuditRecord = {
        "request": secrets.token_hex(16),
        "at": render_time(now_ms()),
        "team": order.team,
        "what": "audience",
        "channel": None,
        "purpose": None,
        "campaign_id": order.campaign,
        "policy_version": None,
        "answers": [],
        "used_for": order.used_for,
        "gated": gated,
    }
    if order.segment is not None:
        record["segment"] = order.segment
    if chosen is not None:
        record["criteria"] = [*chosen.definitions]
    if order.label is not None:
        record["label"] = order.label
    return record


def _counted(record: AuditRecord, counts: GateCounts, outcome: str) -> AuditRecord:
    record["counts"] = [
        {"decision": "allow" if reason == "admitted" else "deny", "reason": reason, "rows": number}
        for reason, number in sorted(counts.by_reason.items())
    ]
    record["detail"] = outcome
    if counts.as_of is not None:
        record["as_of"] = render_time(counts.as_of)
    return record


def _write_down(settings: Settings, record: AuditRecord) -> None:
    """Write into `audit-log`; where that fails nobody is written."""
    from streams.services.permission.command_audit import send_record

    if (why := send_record(settings, record)) is not None:
        refuse(f"nothing was written, since an audience for ads has to be in audit-log: {why}")


def _refuse_special(settings: Settings, record: AuditRecord, chosen: SegmentCriteria) -> None:
    """End the command: by these conditions nobody may be chosen for ads."""
    record["detail"] = "special_category"
    _write_down(settings, record)
    refuse(
        "\n".join(
            f"{each.segment}: {each.said}: tells an opinion, or what somebody supposes of one: special-category data, "
            "by which no ads may be directed, nor by leaving somebody out: take the condition out, or another segment"
            for each in chosen.special
        )
    )


def _refuse_surprise(counts: GateCounts, most: int) -> None:
    per_cent = -(-counts.refused * 100 // max(counts.rows, 1))
    refuse(
        f"nothing was written: {counts.refused:,} of {counts.rows:,} are refused, more than {most} per cent; if that "
        f"is meant, give --most {per_cent}"
    )
