"""`harmonia retention`: what came from one source is counted, and forgotten where nobody objects to the number."""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, get_args

import orjson
import typer

from events.times import render_time
from events.topics import CONTACT_COMMANDS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.origin import KINDS
from streams.cli.output import print_table, say
from streams.cli.time_options import now_ms, parse_time_option

if TYPE_CHECKING:
    from events.provenance_rules import ProvenanceRule
    from streams.services.retention.due import DueReport
    from streams.services.retention.people import PeopleByProvenance

app = typer.Typer(help="What is kept no longer, by where it came from.", no_args_is_help=True)

_LOOK_AGAIN_S = 0.5
Kind = Annotated[str, typer.Option("--kind", help=f"From whom it came: {', '.join(KINDS)}.")]
Until = Annotated[str, typer.Option("--until", help="RFC 3339 with an offset: what happened after that stays.")]
File = Annotated[str | None, typer.Option("--file", help="Only what came from this file or supplier.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def report(kind: Kind, until: Until, file: File = None, as_json: AsJson = False) -> None:
    """Count who has something that came from a source until a time, and change nothing."""
    from streams.platform.clients import KafkaClients
    from streams.services.retention.people import PeopleByProvenance

    rule = provenance_rule(kind, until, file)
    with failing_plainly(), closing(KafkaClients(load_settings()).tool_consumer()) as consumer:
        found = PeopleByProvenance(consumer, rule).read()
    _print(found, rule, "due", as_json=as_json)


@app.command()
def run(  # noqa: PLR0913 (options of a command)
    kind: Kind,
    until: Until,
    most: Annotated[int, typer.Option(min=0, help="Refuse where more people than this have something that is due.")],
    *,
    file: File = None,
    source: Annotated[str, typer.Option(help="Who decides, as the commands' source.")] = "operator/retention",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option(min=0, max=3600, help="Seconds to wait until profiles show it.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Forget what came from a source until a time; people stay, with all else that is known of them.

    A report before and after. Nothing is sent where more people are due than `--most`; exit code 1 then, and where
    profiles do not show it in time. To send it again does nothing twice.
    """
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic
    from streams.services.retention.due import commands_on
    from streams.services.retention.people import PeopleByProvenance

    rule, settings = provenance_rule(kind, until, file), load_settings()
    _judge_source(source, rule)
    clients = KafkaClients(settings)
    with failing_plainly(), closing(clients.tool_consumer()) as consumer:
        people = PeopleByProvenance(consumer, rule)
        before = people.read()
        _print(before, rule, "before", as_json=as_json)
        if before.people > most:
            refuse(
                f"nothing was sent: {before.people} people have something that is due, more than --most {most}. Is the "
                "time right, and the file? `harmonia retention report` counts without changing anything"
            )
        if not before.people:
            return
        if not yes:
            typer.confirm(f"This cannot be undone. Forget it for {before.people} people?", abort=True, err=True)
        require_topic(settings, CONTACT_COMMANDS)
        with closing(clients.tool_producer()) as producer:
            sent_to = frozenset(people.due)
            waiting = [producer.send(CONTACT_COMMANDS, value) for value in commands_on(people.names(), rule, source)]
            for sent in waiting:
                sent.get()
        if not as_json:
            say(f"sent {len(waiting)} commands")
        after = _wait(people, sent_to, time.monotonic() + wait)
        still = len(sent_to & people.due.keys())
    _print(after, rule, "after", as_json=as_json)
    if still:
        refuse(
            f"sent and accepted, so it will still be carried out; but profiles of {still} people do not show it "
            "yet: is a worker running and not behind (`harmonia status`)? `harmonia retention report` counts again"
        )
    if after.people:
        refuse(
            f"all whom it was sent for have lost it; but {after.people} people have something that is due since the "
            "count, or under another contact_id: run it again"
        )


def _wait(people: PeopleByProvenance, sent_to: Set[str], until: float) -> DueReport:
    """Read until nobody of those to whom it was sent has something that is due, or the time is over."""
    while (found := people.read()).people and sent_to & people.due.keys() and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN_S)
    return found


def _judge_source(source: str, rule: ProvenanceRule) -> None:
    """End the command with exit code 2 where intake would not take commands of this source."""
    from events.envelope import Record, decode
    from events.refusal import Refusal
    from streams.services.retention.due import commands_on

    if "@" in source:
        refuse("--source: give a name such as operator/retention, no address: it stays in every state", WRONG_USE)
    [command] = commands_on(["anybody"], rule, source)
    judged = decode(Record(CONTACT_COMMANDS, command, (), now_ms()))
    if isinstance(judged, Refusal):
        refuse(f"--source: no command of it would be taken ({judged.detail})", WRONG_USE)


def provenance_rule(kind: str, until: str, file: str | None) -> ProvenanceRule:
    """The rule of these options. Ends the command with exit code 2 where one of them is wrong."""
    import re

    from events.fields import LABEL_PATTERN
    from events.interactions.base import ProvenanceKind
    from events.provenance_rules import ProvenanceRule

    known: Mapping[str, ProvenanceKind] = {each: each for each in get_args(ProvenanceKind)}
    if kind not in known:
        refuse(f"--kind: give one of {', '.join(known)}", WRONG_USE)
    if file is not None and re.fullmatch(LABEL_PATTERN, file) is None:
        refuse("--file: give 1 to 128 letters, digits or _ . : / # -, such as rolls-2026-02", WRONG_USE)
    end = parse_time_option("--until", until)
    if end > now_ms():
        refuse("--until: give a time that has come, or what is still to come would go too", WRONG_USE)
    return ProvenanceRule(known[kind], file, end)


def _print(found: DueReport, rule: ProvenanceRule, when: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"when": when, "rule": rule._asdict(), **found._asdict()}))
        return
    of_file = "" if rule.file is None else f", file {rule.file}"
    say(f"{when}: from {KINDS[rule.kind]}{of_file}, until {render_time(rule.until)}")
    rows = [
        ("people with something that is due", f"{found.people:,} of {found.known:,}"),
        ("interactions that go, at least", f"{found.interactions:,}"),
        ("entries of which later interactions stay", f"{found.partly:,}"),
    ]
    print_table(("what", "how many"), rows, right={1})
    print_table(("file", "people"), [(name or "(none)", f"{n:,}") for name, n in found.files.items()], right={1})
