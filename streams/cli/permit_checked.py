"""The answer about one person, as `harmonia permit check` prints it: from Redis, by the policy of this moment."""

import asyncio
import time

import orjson
import typer

from events.json_types import JSON
from events.times import render_time
from sinks.base import SinkUnavailable
from sinks.lookup import ContactAnswer, Incomplete, Lookup, UnknownContact
from sinks.reservations import Reservations
from streams.cli.asked_names import about_sender, remarks
from streams.cli.effects import profile_of
from streams.cli.failures import REFUSED, failing_plainly, load_settings, refuse
from streams.cli.naming import named, nobody
from streams.cli.profile_tables import said
from streams.cli.saying import say
from streams.cli.tables import print_table
from streams.domain.pressure import PermissionRequest, Policy
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.policy_file import policy_of
from streams.platform.settings import Settings
from streams.platform.tried_address import is_redis_up
from streams.services.api.identifiers import asked
from streams.services.api.models import Person
from streams.services.permission.decisions import Answers, Asked, Batch, Judge, Judged
from streams.services.permission.reservation_log import Keeping


def tell_permission(word: str, request: PermissionRequest, *, as_json: bool) -> None:
    """Print the answer. Ends the command with exit code 1 where it is not an allow."""
    settings = load_settings()
    meant = named(word)
    if not meant.ids(settings.hasher):
        refuse(nobody(word))
    whom = asked(Person.model_validate(meant.contact()), request.channel, settings.hasher)
    with failing_plainly():
        policy = policy_of(settings.policy)
        try:
            contact, answers = asyncio.run(_judged(settings, policy, whom, request))
        except SinkUnavailable as trouble:
            refuse(f"{trouble}; {is_redis_up(settings)}")
        said_of = [*remarks(settings, policy, request), *_remarks(contact, request, word)]
    if isinstance(answers, Incomplete):
        refuse(f"nobody can say: in Redis {answers.where} is {answers.why.replace('_', ' ')}; see `harmonia status`")
    for remark in said_of:
        say(remark, err=True)
    [one] = answers.judged
    typer.echo(orjson.dumps(_plain(answers, one))) if as_json else _print(answers, one)
    decision = one.decision
    if decision.decision != "allow":
        say(f"{decision.decision}: {decision.reason}; docs/policy.md says what that means", err=True)
        raise typer.Exit(REFUSED)


async def _judged(
    settings: Settings, policy: Policy, whom: Asked, request: PermissionRequest
) -> tuple[ContactAnswer | None, Answers | Incomplete]:
    """What is known of the person, if that can be said, and the answer."""
    client = redis_client(settings)
    keeping = Keeping(KafkaClients(settings).idempotent_producer)  # nothing is reserved, so it talks to nobody
    try:
        lookup = Lookup(client, settings.profiles_oldest_s)
        judge = Judge(lookup, Reservations(client), lambda: policy, _now, keeping.keep)
        seen = await lookup.look([whom.names])
        contact = None if isinstance(seen, Incomplete) else seen.contacts[0]
        return contact, await judge.judge(Batch(request, _now(), [whom]))
    finally:
        await client.aclose()


def _remarks(contact: ContactAnswer | None, request: PermissionRequest, word: str) -> list[str]:
    if isinstance(contact, UnknownContact):
        return [f"{nobody(word)}; judged as somebody of whom nothing is known"]
    stopped = profile_of(contact).get("stops", {}).get("senders", {}) if contact is not None else {}
    remark = about_sender(request.sender, stopped)
    return [] if remark is None else [remark]


def _print(answers: Answers, one: Judged) -> None:
    decision = one.decision
    rows = [
        ("contact", one.contact_id or ""),
        ("decision", decision.decision),
        ("reason", decision.reason),
        ("do not send after", _time(decision.expires_at)),
        ("ask again at", _time(decision.earliest_at) if decision.decision != "allow" else ""),
        *(("because of", f"{each.source} {each.id}") for each in decision.evidence),
        ("policy", answers.policy_version),
    ]
    print_table(("what", "is (times in UTC)"), [row for row in rows if row[1]])


def _plain(answers: Answers, one: Judged) -> dict[str, JSON]:
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
    as_of = render_time(answers.as_of)
    return {"policy_version": answers.policy_version, "as_of": as_of, "decisions": [told]}


def _time(ms: int | None) -> str:
    return "" if ms is None else said(render_time(ms))


def _now() -> int:
    return time.time_ns() // 1_000_000
