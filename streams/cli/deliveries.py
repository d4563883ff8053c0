"""`harmonia deliveries`: how far each endpoint of `harmonia deliver` is, what it answered, and telling it once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from events.times import parse_time, render_time
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, say
from streams.cli.time_options import now_ms, parse_moment_or_age
from streams.cli.whole_words import print_whole_words, whole_seconds
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from streams.services.deliver.reading import EndpointState

app = typer.Typer(help="What webhooks, Slack and e-mail were told.", no_args_is_help=True)
Since = Annotated[str, typer.Option(help="RFC 3339, or 30m, 2h, 7d ago.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one a line.")]
Endpoint = Annotated[str, typer.Argument(help="Its id in the file of endpoints.")]


@app.command("list")
def list_command(*, as_json: AsJson = False) -> None:
    """List the endpoints, what waits for each, how much is dead, and whether it is left alone or disabled."""
    from streams.services.deliver.reading import endpoint_states

    with failing_plainly(), _consumer() as consumer:
        found = endpoint_states(consumer)
    now = now_ms()
    if as_json:
        for each in found:
            say(orjson.dumps(_as_json(each, now)).decode())
        return
    if not found:
        say("no endpoint was told anything yet")
    columns = ("endpoint", "waiting", "oldest", "failed before", "next attempt", "unread", "dead")
    print_whole_words(columns, (_row(each, now) for each in found), right=(1, 2, 3, 5, 6))
    print_lines(note for each in found if (note := _note(each, now)))


@app.command("show")
def show_command(
    endpoint: Endpoint,
    *,
    since: Since = "24h",
    latest: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most, the latest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the latest attempts to tell an endpoint something, the last at the end."""
    from streams.services.deliver.reading import latest_attempts

    begin = parse_moment_or_age("--since", since)
    with failing_plainly(), _consumer() as consumer:
        _require_known(consumer, endpoint)
        found = latest_attempts(consumer, endpoint, begin, latest)
    if as_json:
        for each in found:
            say(orjson.dumps(each).decode())
        return
    if not found:
        say(f"nothing was tried since {render_time(begin)}")
    print_whole_words(
        ["at", "fate", "status", "attempt", "record", "trouble"],
        (
            [
                _whole_seconds(each["at"]),
                each["fate"],
                str(each["status"] or ""),
                str(each["attempts"]),
                f"{each['topic']}/{each['partition']}@{each['offset']}",
                _trouble(each),
            ]
            for each in found
        ),
        right=(2, 3),
    )


@app.command("replay")
def replay_command(
    endpoint: Endpoint,
    *,
    since: Since,
    failed: Annotated[bool, typer.Option("--failed", help="Only what is dead: told in vain nine times.")] = False,
) -> None:
    """Have an endpoint told once more what was appended since a time; each under the id that it had before.

    An endpoint that is left alone or disabled is told at once. With --failed,
    where nothing is dead, nothing is changed.
    """
    from streams.domain.delivery.standing import OLDEST_TOLD_MS
    from streams.platform.clients import KafkaClients
    from streams.services.deliver.reading import ask_for_replay, dead_since

    begin = parse_moment_or_age("--since", since)
    if begin < now_ms() - OLDEST_TOLD_MS - 60_000:
        refuse("--since: is more than 6 days ago; who was erased before is not known any more: give 6d or less")
    with failing_plainly():
        with _consumer() as consumer:
            state = _require_known(consumer, endpoint)
            if state.is_asked_to_replay:
                refuse(f"{endpoint} is still to be told what was asked for before: ask again once that has been noted")
            if failed and not dead_since(consumer, endpoint, begin):
                say(_nothing_dead(state, begin))
                return
        ask_for_replay(KafkaClients(load_settings(name_unknown=False)), endpoint, begin, now_ms(), failed=failed)
    say(f"{endpoint} is told once more what {'is dead' if failed else 'was appended'} since {render_time(begin)}")


def _nothing_dead(state: EndpointState, begin: int) -> str:
    """That a replay of what is dead has nothing to tell, and what does instead."""
    since = f" since {whole_seconds(begin)}" if state.dead else ""
    told = f"nothing of {state.id} is dead{since}, so nothing was changed"
    if state.dead:
        told += f"; {counted(state.dead, 'is', 'are')} of before: give an earlier --since"
    if state.disabled_at is not None:
        told += "; it is disabled: without --failed it is told what was appended since then, and is disabled no longer"
    return told


def _row(state: EndpointState, now: int) -> list[str]:
    """An endpoint in the table; how long its oldest record has waited by the largest unit."""
    from streams.domain.pressure.alerting import age

    next_at = state.next_attempt(now)
    return [
        state.id,
        f"{state.waiting:,}",
        "" if state.oldest_at is None else age(max(0, now - state.oldest_at)),
        f"{state.retried:,}",
        ("none" if state.waiting else "") if next_at is None else "now" if next_at == now else whole_seconds(next_at),
        f"{state.unread:,}",
        f"{state.dead:,}",
    ]


def _note(state: EndpointState, now: int) -> str:
    """Why nothing is sent to an endpoint now, and what ends that; empty where something is."""
    if state.disabled_at is not None:
        return (
            f"{state.id}: disabled since {_whole_seconds(state.disabled_at)}, when it answered 410: nothing is sent "
            f"until its url is another one, or `harmonia deliveries replay {state.id}` has it told once more"
        )
    if state.open_until is not None and (parse_time(state.open_until) or 0) > now:
        failures = counted(state.failures, "failure", "failures")
        return f"{state.id}: left alone until {_whole_seconds(state.open_until)}, after {failures} on end"
    return ""


def _as_json(state: EndpointState, now: int) -> dict[str, object]:
    """The same for programs, under the names of the table; times are RFC 3339."""
    return {
        "endpoint": state.id,
        "waiting": state.waiting,
        "oldest": _rfc(state.oldest_at),
        "failed_before": state.retried,
        "next_attempt": _rfc(state.next_attempt(now)),
        "unread": state.unread,
        "dead": state.dead,
        "failures": state.failures,
        "left_alone_until": state.open_until,
        "disabled": state.disabled_at,
        "replay_asked": state.is_asked_to_replay,
    }


def _rfc(ms: int | None) -> str | None:
    return None if ms is None else render_time(ms)


def _whole_seconds(time: str) -> str:
    ms = parse_time(time)
    return time if ms is None else whole_seconds(ms)


def _trouble(entry: dict[str, Any]) -> str:
    """What was wrong, in a word; with how many offsets it is of where they were gone before they were read."""
    trouble = str(entry.get("trouble", ""))
    return f"{trouble}, {entry['offsets']} offsets" if "offsets" in entry else trouble


def _require_known(consumer: KafkaConsumer, endpoint: str) -> EndpointState:
    from streams.services.deliver.reading import endpoint_states

    known = {each.id: each for each in endpoint_states(consumer)}
    if endpoint not in known:
        refuse(f"there is no endpoint {endpoint}: give one of {', '.join(known) or 'those that were told anything'}")
    return known[endpoint]


@contextmanager
def _consumer() -> Iterator[KafkaConsumer]:
    from streams.platform.clients import KafkaClients

    with closing(KafkaClients(load_settings()).tool_consumer()) as consumer:
        yield consumer
