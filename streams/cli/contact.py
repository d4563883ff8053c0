"""`harmonia contact`: shows and exports one person, and sends decisions about people (link, suppress, erase …)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import orjson
import typer

from events.json_types import JSON
from events.times import parse_time, render_time
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table
from streams.cli.person import (
    HELP,
    METAVAR,
    Person,
    find_person,
    followed_by,
    masked_identifier,
    meant_by,
    nobody_known_message,
    read_asked,
    read_person,
    require_workers_key,
    warn_of_what_is_missing,
    what_redis_lacks,
)

if TYPE_CHECKING:
    from events.outputs import ContactProfile
    from sinks.lookup import KnownContact
    from streams.cli.decisions import DecisionSender
    from streams.domain.contact.profile_history import ProfileStep
    from streams.domain.contact.state import Fact
    from streams.platform.settings import Settings
    from streams.services.console.words import Language
    from streams.services.permission.person_name import PersonName


app = typer.Typer(help="One person.", no_args_is_help=True)

One = Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)]
Other = Annotated[str, typer.Argument(metavar=METAVAR, help="Another one.")]
Source = Annotated[str, typer.Option(help="Who decides, as the command's source.")]
Anyway = Annotated[bool, typer.Option("--anyway", "--unknown", help="Send it although nobody is known by that name.")]
Wait = Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for Redis to show it.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Send it and end: nothing need have happened by then.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the commands as they were sent, one a line.")]
_SOURCE = "operator/harmonia"
_WAIT_S = 15.0


@app.command()
def link(  # noqa: PLR0913 (options of a command)
    one: One,
    other: Other,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Say that two contacts are one person. Exit code 1 when Redis does not show it in time."""
    _sender(source, anyway, None if no_wait else wait, as_json).link(one, other)


@app.command()
def unlink(  # noqa: PLR0913 (options of a command)
    one: One,
    other: Other,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Say that two contacts are not one person, whatever they have in common. Exit code as of `link`."""
    _sender(source, anyway, None if no_wait else wait, as_json).unlink(one, other)


@app.command()
def suppress(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    until: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; without it until it is lifted.")] = None,
    source: Source = _SOURCE,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            "--unknown",
            help="Send it although nobody is known by that name, or it ends sooner than the one that holds.",
        ),
    ] = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Stop all contact with a person, and keep the record. Exit code as of `link`.

    Where a suppression that lasts longer holds, exit code 1: the latest counts, so this one would end it sooner.
    """
    _sender(source, anyway, None if no_wait else wait, as_json).suppress(one, until)


@app.command()
def unsuppress(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    source: Source = _SOURCE,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Lift the suppression of a person, and say what stays closed for other reasons. Exit code as of `link`."""
    _sender(source, anyway, None if no_wait else wait, as_json).unsuppress(one)


@app.command()
def erase(  # noqa: PLR0913 (options of a command)
    one: One,
    *,
    source: Source = _SOURCE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    anyway: Anyway = False,
    wait: Wait = _WAIT_S,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person, for good: all that was heard under any identifier of theirs. Exit code as of `link`."""

    def confirm() -> None:
        if not yes:
            typer.confirm("This cannot be undone. Forget this person?", abort=True, err=True)

    _sender(source, anyway, None if no_wait else wait, as_json).erase(one, confirm)


def _sender(source: str, anyway: bool, wait_s: float | None, as_json: bool) -> DecisionSender:
    from streams.cli.decisions import DecisionSender

    settings = load_settings()
    require_workers_key(settings)
    return DecisionSender(settings, source, anyway, wait_s, as_json)


@app.command()
def show(
    who: One,
    as_json: Annotated[bool, typer.Option("--json", help="The profile as it is in contact-state.")] = False,
    with_history: Annotated[
        bool,
        typer.Option(
            "--history", help="Each interaction that is still there, with what it changed, and each decision."
        ),
    ] = False,
) -> None:
    """Show the profile of a contact. Exit code 1 when there is none. One that was merged is shown as who it is now.

    Where Redis is behind, as when no worker runs, standard error says so.
    """
    settings = load_settings()
    with failing_plainly():
        found = _require_contact(settings, who)
        warn_of_what_is_missing(settings)
        if as_json and not with_history:
            typer.echo(found.profile)
            return
        person = read_person(settings, found.contact_id)
    profile = orjson.loads(found.profile)
    steps = _steps(person, profile["first_seen"]) if with_history else ()
    if as_json:
        for step in steps:
            typer.echo(orjson.dumps(_row(step)))
        return
    print_profile(profile)
    _print_names(person, profile.get("merged_from", []))
    if with_history:
        _print_steps(steps)


@app.command()
def origin(
    who: One,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: `provenance` of the profile.")] = False,
) -> None:
    """Show where what is known of a person comes from; of an e-mail address or a phone number where that does.

    Exit code 1 when nobody is known by it. Where nobody has said where it comes from, that is the answer.
    """
    from events.identifiers import is_address_hash, ref_of
    from streams.cli.origin import naming, print_origins

    settings = load_settings()
    with failing_plainly():
        require_workers_key(settings)
        name = meant_by(settings, who)
        found = _require_named(settings, name, who)
        warn_of_what_is_missing(settings)
    entries = orjson.loads(found.profile).get("provenance", [])
    refs = {ref_of(hashed) for hashed in name.ids(settings.hasher) if is_address_hash(hashed)}
    if not as_json:
        print_origins(entries, refs)
        return
    shown = {"contact_id": found.contact_id, "provenance": entries}
    typer.echo(orjson.dumps({**shown, "of_address": naming(entries, refs)} if refs else shown))


@app.command()
def export(who: One) -> None:
    """Write all that is held of a person as JSON: the profile, identifiers as hashes, interactions, alerts."""
    settings = load_settings()
    with failing_plainly():
        found = _require_contact(settings, who)
        warn_of_what_is_missing(settings)
        held = _held(settings, found, read_person(settings, found.contact_id))
    typer.echo(orjson.dumps(held, option=orjson.OPT_INDENT_2))


@app.command()
def bundle(
    who: One,
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="A new folder, for its owner alone.")],
    language: Annotated[str, typer.Option(help="Of the page: en or fr.")] = "en",
) -> None:
    """Write all that is held of a person as a page that they can read, with `export` beside it.

    For a request for access: look at it before it is handed out, and add what other tools hold.
    """
    print_lines([f"wrote {' and '.join(written_bundle(load_settings(), who, out, language))} to {out}"])


def written_bundle(settings: Settings, who: str, out: Path, language: str) -> list[str]:
    """Write all that is held of a person into a new folder; the names of its files. Ends the command on trouble."""
    from streams.cli.time_options import now_ms
    from streams.services.console.access_bundle import bundle_of, keeping_of
    from streams.services.console.words import Words

    its_language = judge_bundle(out, language)
    with failing_plainly():
        found = _require_contact(settings, who)
        warn_of_what_is_missing(settings)
        held = _held(settings, found, read_person(settings, found.contact_id))
    files = bundle_of(held, Words(its_language, settings.time_zone), now_ms(), keeping_of(settings))
    write_bundle(out, files)
    return [*files]


def judge_bundle(out: Path, language: str) -> Language:
    """The language of the page of a bundle. Ends the command where there is no such one, or the folder is there."""
    from streams.services.console.words import LANGUAGES

    known = {each: each for each in LANGUAGES}
    if language not in known:
        refuse(f"--language: give one of {', '.join(known)}", WRONG_USE)
    if out.exists():
        refuse("--out: that folder is there already; name a new one", WRONG_USE)
    return known[language]


def write_bundle(out: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a new folder; end the command with exit code 1 where that fails."""
    try:
        out.mkdir(mode=0o700, parents=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        refuse(f"--out: {out}: {error.strerror}; what is there of it is not whole")


def _held(settings: Settings, found: KnownContact, person: Person) -> dict[str, JSON]:
    from streams.cli.time_options import now_ms
    from streams.domain.rights.forgetting import requests_of
    from streams.domain.rights.own_part import without_others
    from streams.domain.rights.plain import plain_request
    from streams.services.rights_desk.log import read_desk, today

    requests, day = requests_of(read_desk(settings), person.names), today(settings, now_ms())
    held: dict[str, JSON] = {
        "contact_id": found.contact_id,
        "profile": orjson.loads(found.profile),
        "identifiers": [*person.names],
        "suppressions": person.suppressions,
        "interactions": [orjson.loads(value) for value, _ in person.interactions],
        "alerts": [*person.alerts],
        "asked": read_asked(settings, person.names),
        "requests": [cast(dict[str, JSON], plain_request(one, day)) for one in requests],
    }
    return without_others(held)


def _steps(person: Person, first_seen: str | None) -> list[ProfileStep]:
    """What happened and what was decided, in the order of time; a decision changes nothing in the profile's facts."""
    from streams.domain.contact.profile_history import ProfileStep, history

    since = None if first_seen is None else parse_time(first_seen)
    decided = (ProfileStep(fact, {}) for fact in person.decisions(since))
    steps = [*history(person.contact_id, person.facts(since)), *decided]
    return sorted(steps, key=lambda step: step.fact.stamp)


def _require_contact(settings: Settings, who: str) -> KnownContact:
    require_workers_key(settings)
    return _require_named(settings, meant_by(settings, who), who)


def _require_named(settings: Settings, name: PersonName, who: str) -> KnownContact:
    import asyncio

    from sinks.lookup import ErasedContact, UnknownContact

    found = asyncio.run(find_person(settings, name))
    if isinstance(found, UnknownContact):
        lacking = what_redis_lacks(settings)
        unknown = nobody_known_message(who)
        refuse(followed_by(unknown, f"and {lacking}: see `harmonia status`") if lacking else unknown)
    if isinstance(found, ErasedContact):
        refuse(f"{found.contact_id} has been erased")
    return found


def print_profile(profile: ContactProfile) -> None:
    """Print a profile. Where it comes from and what was agreed to is told in lines: it has too many columns."""
    from streams.cli.origin import ledger_lines, origin_lines
    from streams.cli.profile_tables import profile_tables_of

    told = {
        "consent_ledger": ledger_lines(profile.get("consent_ledger", ())),
        "provenance": origin_lines(profile.get("provenance", ())),
    }
    shown: dict[str, JSON] = {name: part for name, part in cast(dict[str, JSON], profile).items() if name not in told}
    found = profile_tables_of(shown)
    print_table(("what", "is (times in UTC)"), found.facts)
    for part in found.lists:
        print_table(part.columns, part.rows, part.path)
    for name, lines in told.items():
        print_lines(["", name, *lines] if lines else [])
    if found.unknown:
        print_lines(["", f"nothing is known of: {', '.join(found.unknown)}"])


def _print_names(person: Person, merged_from: Iterable[str]) -> None:

    with_record = {*merged_from}
    rows = []
    for name in person.names:
        what = "the contact_id" if name == person.contact_id else "merged into it" if name in with_record else "linked"
        rows.append((masked_identifier(name), what))
    print_table(("identifier", "is"), rows, "found by")


def _print_steps(steps: Iterable[ProfileStep]) -> None:
    from streams.cli.profile_tables import cell_text, change_lines

    print_lines(["", "history, times in UTC"])
    for step in steps:
        fact = step.fact
        print_lines([f"{cell_text(render_time(fact.time))}  {fact.type}  {fact.source}  {fact.id}"])
        print_lines(f"    {words}" for words in decision_words(fact))
        for path, (was, now) in step.changed.items():
            print_lines(f"    {path}: {change}" for change in change_lines(path, was, now))


def decision_words(fact: Fact) -> list[str]:
    """What a command decided; nothing for what happened."""
    from streams.cli.origin import KINDS
    from streams.domain.contact.facts.command_details import (
        Erase,
        ForgetProvenance,
        ForgetPurpose,
        LinkRuling,
        Suppress,
    )
    from streams.domain.contact.state import ErasureIfInactive

    if isinstance(fact, ErasureIfInactive):
        return ["this person was to be forgotten, unless they had done something of their own"]
    match fact.detail:
        case Suppress(until=None):
            return ["nobody may reach this person until that is lifted"]
        case Suppress(until=str(until)) if (parse_time(until) or 0) <= fact.time:
            return ["lifts the suppression"]
        case Suppress(until=until):
            return [f"nobody may reach this person until {until}"]
        case LinkRuling(a=one, b=other, same=same):
            how = "one person" if same else "two people"
            return [f"{how}: {masked_identifier(one)} and {masked_identifier(other)}"]
        case ForgetProvenance(kind=kind, file=file):
            of_file = "" if file is None else f", file {file}"
            return [f"what came from {KINDS[kind]}{of_file} until then was forgotten"]
        case ForgetPurpose(purpose=purpose):
            return [f"what was collected for {purpose} until then was forgotten"]
        case Erase():
            return ["this person was forgotten; what was known before is gone"]
    return []


def _row(step: ProfileStep) -> dict[str, JSON]:
    fact = step.fact
    changed: dict[str, JSON] = {path: [was, now] for path, (was, now) in step.changed.items()}
    when = render_time(fact.time)
    row: dict[str, JSON] = {"time": when, "type": fact.type, "source": fact.source, "id": fact.id, "changed": changed}
    return {**row, "decided": words[0]} if (words := decision_words(fact)) else row
