"""`harmonia retention`: what is of one source or purpose, or who has done nothing for years, is counted and forgotten.

Nothing is sent where more people are due than were expected.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias, get_args

import orjson
import typer

from events.provenance_kinds import ProvenanceKind
from events.times import render_time
from events.topics import CONTACT_COMMANDS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.origin import KINDS
from streams.cli.output import print_table, say
from streams.cli.time_options import now_ms, parse_time_option

if TYPE_CHECKING:
    from events.inactivity import InactivityRule
    from events.outputs import ContactProfile
    from events.provenance_rules import ForgettingRule
    from streams.platform.settings import Settings
    from streams.services.retention.due import DueItem, DueReport
    from streams.services.retention.people import PeopleDue

    Rule: TypeAlias = InactivityRule | ForgettingRule

app = typer.Typer(
    help="What is kept no longer: by where it came from, what it was for, or since when a person has done nothing.",
    no_args_is_help=True,
)

_LOOK_AGAIN_S = 0.5
_DAY_MS = 86_400_000
_KIND = typer.Option("--kind", help=f"From whom it came: {', '.join(get_args(ProvenanceKind))}.")
_UNTIL = typer.Option("--until", help="RFC 3339 with an offset: what happened after that stays.")
_PURPOSE = typer.Option(
    "--purpose", help="Instead of --kind: what was collected for this purpose, and each yes on consent for it."
)
Kind = Annotated[str | None, _KIND]
Purpose = Annotated[str | None, _PURPOSE]
Until = Annotated[str, _UNTIL]
Inactive = Annotated[
    bool,
    typer.Option("--inactive", help="Instead of --kind: all of who has done nothing for HARMONIA_INACTIVITY_DAYS."),
]
File = Annotated[str | None, typer.Option("--file", help="Only what came from this file or supplier.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def report(  # noqa: PLR0913 (options of a command)
    *,
    kind: Kind = None,
    file: File = None,
    purpose: Purpose = None,
    until: Annotated[str | None, _UNTIL] = None,
    inactive: Inactive = False,
    as_json: AsJson = False,
) -> None:
    """Count who has something of a source or purpose until a time, or has done nothing for so long; change nothing."""
    from streams.platform.clients import KafkaClients
    from streams.services.retention.people import PeopleDue

    settings = load_settings()
    rule = _rule(settings, until, Named(kind, file, purpose), inactive=inactive)
    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        people = PeopleDue(consumer, _due_by(rule), _names_by(rule))
        found = _count(people, settings, rule)
    _print(found, rule, "due", as_json=as_json)
    _tell_of_a_name_that_nobody_has(people, found, rule)


@app.command()
def run(  # noqa: PLR0913 (options of a command)
    most: Annotated[int, typer.Option(min=0, help="Refuse where more people than this have something that is due.")],
    *,
    kind: Kind = None,
    file: File = None,
    purpose: Purpose = None,
    until: Annotated[str | None, _UNTIL] = None,
    inactive: Inactive = False,
    source: Annotated[str, typer.Option(help="Who decides, as the commands' source.")] = "operator/retention",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    despite_held: Annotated[
        bool,
        typer.Option("--despite-held", help="With --inactive: although records are held in quarantine."),
    ] = False,
    wait: Annotated[float, typer.Option(min=0, max=3600, help="Seconds to wait until profiles show it.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Forget what came from a source, or was collected for a purpose, until a time; people stay, with all else.

    With `--inactive` the whole people who have done nothing for so long; whoever acts before a worker hears it stays,
    and so does whoever waits for an answer to a request (`harmonia rights`). Nothing is sent then while a worker is
    behind, or records are held in quarantine, of which nobody knows what is in.

    A report before and after, and a count again once it is confirmed: it is sent only for those due in both. Nothing is
    sent where more people are due than `--most`; exit code 1 then, and where profiles do not show it in time. To send
    it again does nothing twice.
    """
    from streams.platform.clients import KafkaClients
    from streams.platform.topics import require_topic
    from streams.services.retention.people import PeopleDue

    settings = load_settings()
    rule = _rule(settings, until, Named(kind, file, purpose), inactive=inactive)
    judge_source("--source", source)
    clients = KafkaClients(settings)
    with failing_plainly(), closing(clients.tool_consumer()) as consumer:
        people = PeopleDue(consumer, _due_by(rule), _names_by(rule))
        before = _count(people, settings, rule)
        _print(before, rule, "before", as_json=as_json)
        _tell_of_a_name_that_nobody_has(people, before, rule)
        _refuse_more(before, most)
        counted = frozenset(people.due)
        if not counted:
            return
        if not yes:
            typer.confirm(f"This cannot be undone. Forget it for {before.people} people?", abort=True, err=True)
        require_topic(settings, CONTACT_COMMANDS)
        _refuse_more(_count(people, settings, rule), most)  # a prompt may stand open for hours
        if inactive:
            _refuse_unheard(settings, despite_held=despite_held)
            people.leave_out(_waited_under(settings, rule))
        sent_to = counted & people.due.keys()
        with closing(clients.tool_producer()) as producer:
            waiting = [producer.send(CONTACT_COMMANDS, each) for each in _commands(people, sent_to, rule, source)]
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


def _count(people: PeopleDue, settings: Settings, rule: Rule) -> DueReport:
    """Count who is due now; not who waits for an answer, where whole people are."""
    people.leave_out(_waited_under(settings, rule))
    return people.read()


def _waited_under(settings: Settings, rule: Rule) -> Set[str]:
    from events.inactivity import InactivityRule
    from streams.services.rights_desk.log import read_desk

    return read_desk(settings).waited_under() if isinstance(rule, InactivityRule) else frozenset()


def _refuse_more(found: DueReport, most: int) -> None:
    """End the command with exit code 1 where more people are due than were expected."""
    if found.people > most:
        refuse(
            f"nothing was sent: {found.people} people have something that is due, more than --most {most}. Is the "
            "time right, and the file? `harmonia retention report` counts without changing anything"
        )


def _refuse_unheard(settings: Settings, *, despite_held: bool) -> None:
    """End the command with exit code 1 where people may have done something that no worker has heard."""
    from streams.domain.messages import CodedMessage, english
    from streams.operations.status.kafka_side import observe_kafka
    from streams.services.retention.backlog import held_back, unheard

    seen = observe_kafka(settings, now_ms())
    if why := unheard(seen):
        refuse(
            f"nothing was sent: {english(why)}, so what people have done may not be known yet. Run it again once "
            "nothing waits (`harmonia status`)"
        )
    if not despite_held and not isinstance(seen, CodedMessage) and (held := [*map(english, held_back(seen))]):
        refuse(
            f"nothing was sent: {'; '.join(held)}. Forms, clicks and answers to meetings may be among it: release it "
            "first (`harmonia dead-letters release --list`); or give --despite-held, if nothing of it is to count"
        )


def _wait(people: PeopleDue, sent_to: Set[str], until: float) -> DueReport:
    """Read until nobody of those to whom it was sent has something that is due, or the time is over."""
    while (found := people.read()).people and sent_to & people.due.keys() and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN_S)
    return found


class Named(NamedTuple):
    """What of the options `--kind`, `--file` and `--purpose` was given."""

    kind: str | None
    file: str | None
    purpose: str | None


def _rule(settings: Settings, until: str | None, named: Named, *, inactive: bool) -> Rule:
    """The rule that is meant. Ends the command with exit code 2 where none is, or two are."""
    from events.inactivity import InactivityRule

    if inactive:
        if until is not None or any(each is not None for each in named):
            refuse("--inactive: give it alone, or --kind or --purpose with --until", WRONG_USE)
        if not settings.inactivity_days:
            refuse(
                "--inactive: HARMONIA_INACTIVITY_DAYS is 0, so nobody is ever due: give the days after which they are",
                WRONG_USE,
            )
        return InactivityRule(now_ms() - settings.inactivity_days * _DAY_MS)
    if until is None or (named.kind is None and named.purpose is None):
        refuse("give --kind or --purpose with --until, or --inactive", WRONG_USE)
    return forgetting_rule(until, named)


def _due_by(rule: Rule) -> Callable[[ContactProfile], tuple[DueItem, ...]]:
    from events.inactivity import InactivityRule
    from streams.services.retention.due import due_items, inactive_items

    if isinstance(rule, InactivityRule):
        return lambda profile: inactive_items(profile, rule)
    return lambda profile: due_items(profile, rule)


def _names_by(rule: Rule) -> Callable[[ContactProfile], Iterable[str]]:
    from events.inactivity import InactivityRule
    from events.provenance_rules import names_beside

    if isinstance(rule, InactivityRule):
        return lambda _: ()
    return lambda profile: names_beside(profile, rule)


_NAMES_TOLD = 10


def _tell_of_a_name_that_nobody_has(people: PeopleDue, found: DueReport, rule: Rule) -> None:
    """Where nothing is due, say so of a purpose or file that no profile names: it may be misspelled."""
    from events.channels import plain_purpose
    from events.inactivity import InactivityRule
    from events.provenance_rules import PurposeRule
    from events.spelling import nearest_name

    if found.people or isinstance(rule, InactivityRule):
        return
    meant = rule.purpose if isinstance(rule, PurposeRule) else rule.file
    if meant is None or plain_purpose(meant) in {plain_purpose(name) for name in people.named}:
        return
    what = "purpose" if isinstance(rule, PurposeRule) else f"file of {KINDS[rule.kind]}"
    near, names = nearest_name(meant, people.named), sorted(people.named)
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    told = f"there are {', '.join(names[:_NAMES_TOLD])}{more}" if names else "none names any"
    say(f"no profile names the {what} {meant}: {f'did you mean {near}? ' if near else ''}{told}", err=True)


def _commands(people: PeopleDue, of: Iterable[str], rule: Rule, source: str) -> Iterable[bytes]:
    """What has it forgotten of these people. An erasure reaches all identifiers of a person by itself."""
    from events.inactivity import InactivityRule
    from streams.services.retention.due import commands_on, erasures_of

    if isinstance(rule, InactivityRule):
        return erasures_of(of, rule, source, now_ms())
    return commands_on(people.names(of), rule, source)


def judge_source(option: str, source: str) -> None:
    """End the command with exit code 2 where intake would not take commands of the source that an option gives."""
    from events.envelope import Record, decode
    from events.inactivity import InactivityRule
    from events.refusal import Refusal
    from streams.services.retention.due import erasures_of

    if "@" in source:
        refuse(f"{option}: give a name such as operator/retention, no address: it stays in every state", WRONG_USE)
    [command] = erasures_of(["anybody"], InactivityRule(0), source, now_ms())
    judged = decode(Record(CONTACT_COMMANDS, command, (), now_ms()))
    if isinstance(judged, Refusal):
        refuse(f"{option}: no command of it would be taken ({judged.detail})", WRONG_USE)


def forgetting_rule(until: str, named: Named) -> ForgettingRule:
    """The rule of these options. Ends the command with exit code 2 where one of them is wrong."""
    from events.interactions.base import ProvenanceKind
    from events.provenance_rules import ProvenanceRule, PurposeRule

    known: Mapping[str, ProvenanceKind] = {each: each for each in get_args(ProvenanceKind)}
    kind, file, purpose = named
    _judge_label("--file", file, "rolls-2026-02")
    _judge_label("--purpose", purpose, "petition-water-2026")
    end = parse_time_option("--until", until)
    if end > now_ms():
        refuse("--until: give a time that has come, or what is still to come would go too", WRONG_USE)
    if purpose is not None:
        if kind is not None or file is not None:
            refuse("--purpose: give it without --kind and --file; what goes of both is two runs", WRONG_USE)
        return PurposeRule(purpose, end)
    if kind is None or kind not in known:
        refuse(f"--kind: give one of {', '.join(known)}, or --purpose", WRONG_USE)
    return ProvenanceRule(known[kind], file, end)


def _judge_label(option: str, label: str | None, example: str) -> None:
    import re

    from events.fields import LABEL_PATTERN

    if label is not None and re.fullmatch(LABEL_PATTERN, label) is None:
        refuse(f"{option}: give 1 to 128 letters, digits or _ . : / # -, such as {example}", WRONG_USE)


def _about(rule: ForgettingRule) -> str:
    from events.provenance_rules import PurposeRule

    if isinstance(rule, PurposeRule):
        return f"for the purpose {rule.purpose}"
    return f"from {KINDS[rule.kind]}{'' if rule.file is None else f', file {rule.file}'}"


def _print(found: DueReport, rule: Rule, when: str, *, as_json: bool) -> None:
    from events.inactivity import InactivityRule

    if as_json:
        typer.echo(orjson.dumps({"when": when, "rule": rule._asdict(), **found._asdict()}))
        return
    if isinstance(rule, InactivityRule):
        say(f"{when}: people who have done nothing since {render_time(rule.until)}")
        rows = [
            ("people who are due, whole", f"{found.people:,} of {found.known:,}"),
            ("interactions that go", f"{found.interactions:,}"),
            ("people who stay until they are answered", f"{found.asked:,}"),
        ]
        print_table(("what", "how many"), rows, right={1})
        return
    say(f"{when}: {_about(rule)}, until {render_time(rule.until)}")
    rows = [
        ("people with something that is due", f"{found.people:,} of {found.known:,}"),
        ("interactions that go, at least", f"{found.interactions:,}"),
        ("entries of which later interactions stay", f"{found.partly:,}"),
    ]
    print_table(("what", "how many"), rows, right={1})
    print_table(("file", "people"), [(name or "(none)", f"{n:,}") for name, n in found.files.items()], right={1})
