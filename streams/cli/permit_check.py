"""`harmonia permit check`: whether one person may be reached at a time, and why; and remarks on misspelled names.

Nobody keeps a list of campaigns, teams or numbers, and a new one is nothing wrong, so the question is answered, with a
remark. Names are compared with what is on hold, the teams of files and settings, or where these name none those of the
latest interactions, and the numbers and lists that the people asked about have stopped.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

import msgspec
import orjson
import typer

from events.channels import Channel, Purpose, canonical_purpose
from events.json_types import JSON, UNREADABLE
from events.spelling import nearest_name
from events.times import render_time
from streams.cli.failures import REFUSED, WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.help import lines_of
from streams.cli.output import print_table, say
from streams.cli.person import HELP, METAVAR, followed_by, meant_by, nobody_known_message, require_workers_key
from streams.cli.time_options import now_ms, parse_time_option
from streams.domain.display_names import is_shown
from streams.platform.errors import EngineError, KafkaAway, Unusable

if TYPE_CHECKING:
    from sinks.lookup import ContactAnswer, Incomplete
    from streams.domain.pressure import PermissionRequest, Policy
    from streams.platform.settings import Settings
    from streams.services.permission.decisions import AskedPerson, BatchAnswers, JudgedPerson
    from streams.services.permission.near_names import StoppedNames


def purpose_of(said: str | None) -> str | None:
    """The purpose of an option, in either spelling. Raises `typer.BadParameter` for what is none."""
    purpose = None if said is None else str(canonical_purpose(said))
    if purpose is not None and purpose not in get_args(Purpose):
        raise typer.BadParameter(f"{said!r} is not one of {', '.join(map(repr, get_args(Purpose)))}.")
    return purpose


_FIRST, _LAST = "0002-01-01", "9998-01-01"
"""The earliest and latest `--at`: windows reach back from it, and openings lie ahead of it."""


def moment_of(at: str | None) -> int:
    """The time of an option, ms since 1970; without it now. Ends the command where nothing can be judged for it."""
    if at is None:
        return now_ms()
    moment = parse_time_option("--at", at)
    if not _FIRST <= render_time(moment) < _LAST:
        refuse(f"--at: give a time from {_FIRST} up to {_LAST}", WRONG_USE)
    return moment


def check(  # noqa: PLR0913 (options of a command)
    one: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    *,
    channel: Annotated[Channel, typer.Option(help="How they are to be reached.")],
    purpose: Annotated[
        str, typer.Option(callback=purpose_of, metavar=f"<{lines_of([*get_args(Purpose)])}>", help="What for.")
    ] = "informational",
    team: Annotated[str, typer.Option(help="Who sends. Without it every touch was another team's.")] = "",
    campaign: Annotated[str | None, typer.Option(help="The campaign_id; one that is on hold is denied.")] = None,
    sender: Annotated[str | None, typer.Option(help="The number that texts are sent from.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="The list that mail is sent to.")] = None,
    caller: Annotated[
        Literal["live", "machine"] | None, typer.Option(help="Of calls: who speaks. Unsaid: it may be a machine.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When; RFC 3339. Without it now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: as POST /v1/permissions answers.")] = False,
) -> None:
    """Say whether one person may be reached at a time. Exit code 0: allow; 1: defer or deny, or nobody can say."""
    from streams.domain.pressure import PermissionRequest

    request = PermissionRequest(
        channel=channel,
        purpose=cast(Purpose, purpose),
        team=team,
        source=None,
        committee=None,
        election=None,
        campaign_id=campaign,
        sender=sender,
        list_id=list_,
        automatic=None if caller is None else caller == "machine",
    )
    _print_permission(one, request, moment_of(at), as_json=as_json)


def _print_permission(word: str, request: PermissionRequest, at: int, *, as_json: bool) -> None:
    """Print the decision about one person at a time. Ends the command with exit code 1 where it is no allow."""
    import asyncio

    from sinks.base import SinkUnavailable
    from sinks.lookup import Incomplete, UnknownContact
    from streams.domain.messages import english
    from streams.platform.policy_file import policy_of
    from streams.platform.tried_address import redis_unanswered_cure
    from streams.services.api.models import Person
    from streams.services.api.permission_request import asked_person
    from streams.services.permission.decision_messages import incomplete_message

    require_senders_name(request.sender)
    settings = load_settings()
    require_workers_key(settings)
    with failing_plainly():
        meant = meant_by(settings, word)
    if not meant.ids(settings.hasher):
        refuse(nobody_known_message(word))
    whom = asked_person(Person.model_validate(meant.contact()), request.channel, settings.hasher)
    with failing_plainly():
        policy = policy_of(settings.policy, settings.regime)
        try:
            contact, answers = asyncio.run(_judged(settings, policy, whom, request, at))
        except SinkUnavailable as trouble:
            refuse(f"{trouble}; {redis_unanswered_cure(settings)}")
        said_of = name_remarks(settings, policy, request)
    if isinstance(contact, UnknownContact):
        said_of.append(followed_by(nobody_known_message(word), "judged as somebody of whom nothing is known"))
    if isinstance(answers, Incomplete):
        refuse(f"nobody can say: {english(incomplete_message(answers))}; see `harmonia status`")
    said_of += stopped_remarks(request, answers.stopped, settings.phone_region, "this person has")
    for remark in said_of:
        say(remark, err=True)
    [one] = answers.judged
    typer.echo(orjson.dumps(_plain(answers, one))) if as_json else _print(answers, one)
    _write_down(settings, request, answers.policy_version, one)
    decision = one.decision
    if decision.decision != "allow":
        say(f"{decision.decision}: {decision.reason}; docs/policy.md says what that means", err=True)
        raise typer.Exit(REFUSED)


def _write_down(settings: Settings, request: PermissionRequest, policy_version: str, one: JudgedPerson) -> None:
    """Write the answer into `audit-log`, as the API does. Where that fails it is a warning: the answer is right."""
    from streams.services.permission.command_audit import permission_record, send_record

    if one.contact_id is None:
        return
    decision = one.decision
    record = permission_record(
        request,
        policy_version,
        now_ms(),
        [{"contact_id": one.contact_id, "decision": decision.decision, "reason": decision.reason}],
    )
    if (why := send_record(settings, record)) is not None:
        say(not_recorded_message(why), err=True)


def not_recorded_message(why: str) -> str:
    """The message where an answer could not be written into `audit-log`."""
    return f"what was decided is not in audit-log, so `report daily` leaves it out: {why}"


async def _judged(
    settings: Settings, policy: Policy, whom: AskedPerson, request: PermissionRequest, at: int
) -> tuple[ContactAnswer | None, BatchAnswers | Incomplete]:
    """The contact, if Redis can be relied on, and the decision."""
    from sinks.lookup import Incomplete, Lookup
    from sinks.reservations import Reservations
    from streams.platform.clients import KafkaClients, redis_client
    from streams.services.permission.decisions import PermissionBatch, PermissionJudge
    from streams.services.permission.reservation_log import ReservationLog

    client = redis_client(settings)
    keeping = ReservationLog(KafkaClients(settings).idempotent_producer)  # nothing is reserved, so it talks to nobody
    try:
        lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
        judge = PermissionJudge(lookup, Reservations(client), lambda: policy, now_ms, keeping.keep)
        seen = await lookup.look([whom.names])
        contact = None if isinstance(seen, Incomplete) else seen.contacts[0]
        return contact, await judge.judge(PermissionBatch(request, at, [whom]))
    finally:
        await client.aclose()


def _print(answers: BatchAnswers, one: JudgedPerson) -> None:
    decision = one.decision
    rows = [
        ("contact", one.contact_id or ""),
        ("decision", decision.decision),
        ("reason", decision.reason),
        ("do not send after", _time(decision.expires_at)),
        ("ask again at", _time(decision.earliest_at) if decision.decision != "allow" else ""),
        ("notice", "due: tell them where their data come from" if decision.notice_due else ""),
        *(("because of", f"{each.source} {each.id}") for each in decision.evidence),
        ("policy", answers.policy_version),
    ]
    print_table(("what", "is (times in UTC)"), [row for row in rows if row[1]])


def _plain(answers: BatchAnswers, one: JudgedPerson) -> dict[str, JSON]:
    decision = one.decision
    told: dict[str, JSON] = {
        "contact_id": one.contact_id,
        "decision": decision.decision,
        "reason": decision.reason,
        "evidence": [{"source": each.source, "id": each.id} for each in decision.evidence],
        "earliest_at": None if decision.earliest_at is None else render_time(decision.earliest_at),
        "expires_at": None if decision.expires_at is None else render_time(decision.expires_at),
    }
    if decision.ref is not None:
        told["ref"] = decision.ref
    if decision.notice_due:
        told["notice_due"] = True
    as_of = render_time(answers.as_of)
    return {"policy_version": answers.policy_version, "as_of": as_of, "decisions": [told]}


def _time(ms: int | None) -> str:
    from streams.cli.profile_tables import cell_text

    return "" if ms is None else cell_text(render_time(ms))


def name_remarks(settings: Settings, policy: Policy, request: PermissionRequest) -> list[str]:
    """Remarks on names in a request that may be misspelled. Raises RedisError."""
    from sinks.keys import HOLDS, text
    from streams.platform.clients import tool_redis
    from streams.services.permission.near_names import caller_remark, campaign_remark, sender_form_remark

    held: set[str] = set()
    if request.campaign_id is not None:
        with closing(tool_redis(settings)) as client:
            held = {text(name) for name in client.hgetall(HOLDS)}
    campaign = campaign_remark(request.campaign_id, held)
    form = sender_form_remark(request.sender, request.channel, settings.phone_region)
    caller = caller_remark(request, policy)
    found = (
        None if campaign is None else f"--campaign: {campaign}",
        _team_remark(settings, policy, request.team),
        None if form is None else f"--sender: {form}",
        None if caller is None else f"--caller: {caller}",
    )
    return [remark for remark in found if remark is not None]


def team_remark(team: str, known: Collection[str]) -> str | None:
    """A remark where no file or setting names the team; None where they name no team at all."""
    if not team or not known or team in known:
        return None
    near = nearest_name(team, sorted(known))
    meant = f"; did you mean {near}?" if near and is_shown(near) else ""
    return f"--team: {team} is in no file of teams, policy or token{meant}"


def _team_remark(settings: Settings, policy: Policy, team: str) -> str | None:
    """The remark on a team: by files and settings, or where these name none by who was heard of last."""
    if not team:
        return None
    known = _teams(settings, policy)
    return team_remark(team, known) if known else unheard_team_remark(team, _heard_teams(settings))


def unheard_team_remark(team: str, heard: Collection[str]) -> str | None:
    """A remark where a team that was not heard of is spelled like one that was; None: nothing to remark."""
    if team in heard or (near := nearest_name(team, sorted(heard))) is None:
        return None
    named = f"of {near} there was: is that the one?" if is_shown(near) else "of one that is spelled like it there was"
    return f"--team: nothing was heard of {team} of late, and {named}"


def _heard_teams(settings: Settings) -> set[str]:
    """Teams of the latest interactions; none where they cannot be read, since a remark is no reason to fail."""
    from kafka.errors import KafkaError

    from streams.cli.campaigns import latest_interactions
    from streams.platform.clients import KafkaClients

    try:
        with closing(KafkaClients(settings).tool_consumer()) as consumer:
            return {team for value in latest_interactions(consumer) if (team := _team_in(value))}
    except (KafkaError, KafkaAway, EngineError):
        return set()


def _team_in(value: bytes | None) -> str | None:
    from events.harmonised import team_of

    try:
        found = _read(value or b"")
    except UNREADABLE:
        return None
    return found.data.team or team_of(found.source)


class _Data(msgspec.Struct, frozen=True):
    team: str | None = None


class _Interaction(msgspec.Struct, frozen=True):
    source: str
    data: _Data = _Data()


_read = msgspec.json.Decoder(_Interaction).decode


def stopped_remarks(request: PermissionRequest, stopped: StoppedNames, country: str, whose: str) -> list[str]:
    """Remarks where sender or list are spelled like ones that people have stopped. `whose`: whose stops they are.

    As `this person has`: the remark begins with it.
    """
    from streams.services.permission.near_names import list_remark, sender_remark

    sender = sender_remark(request.sender, stopped.senders, country, whose)
    list_ = list_remark(request.list_id, stopped.lists, whose)
    return [f"--{name}: {remark}" for name, remark in (("sender", sender), ("list", list_)) if remark is not None]


def require_senders_name(sender: str | None) -> None:
    """End the command where this cannot name a sender."""
    from streams.services.permission.near_names import cannot_be_a_sender

    if sender is not None and cannot_be_a_sender(sender):
        refuse("--sender: give a phone number, short code or name: there is no letter and no digit in this", WRONG_USE)


def _teams(settings: Settings, policy: Policy) -> set[str]:
    from streams.worker.measuring.teams import read_schedule

    found = {*policy.transactional.teams}
    with suppress(Unusable):  # whoever reads that file for its hours says what is wrong with it
        found |= {*read_schedule(settings.teams).hours}
    items = re.split(r"[\s,]+", settings.api_tokens.get_secret_value())
    return found | {item.partition(":")[0] for item in items if ":" in item} - {"*"}
