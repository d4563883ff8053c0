"""`harmonia contact`: what is known of one person, and what is decided about a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.json_types import JSON
from events.times import render_time
from streams.cli import deciding
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.naming import HELP, METAVAR, nobody
from streams.cli.tables import print_lines, print_table

if TYPE_CHECKING:
    from sinks.lookup import Found
    from streams.cli.person import Person
    from streams.domain.contact.profile_history import ProfileStep
    from streams.platform.settings import Settings

app = typer.Typer(help="One person.", no_args_is_help=True)
app.command()(deciding.link)
app.command()(deciding.unlink)
app.command()(deciding.suppress)
app.command()(deciding.unsuppress)
app.command()(deciding.erase)

Who = Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)]


@app.command()
def show(
    who: Who,
    as_json: Annotated[bool, typer.Option("--json", help="The profile as it is in contact-state.")] = False,
    with_history: Annotated[
        bool, typer.Option("--history", help="Each interaction that is still there, with what it changed.")
    ] = False,
) -> None:
    """Show the profile of a contact. Exit code 1 when there is none. One that was merged is shown as who it is now.

    Where Redis is behind, as when no worker runs, standard error says so.
    """
    from streams.cli.person import read_person
    from streams.cli.standing import warn_of_what_is_missing

    settings = load_settings()
    with failing_plainly():
        found = _found(settings, who)
        warn_of_what_is_missing(settings)
        if as_json and not with_history:
            typer.echo(found.profile)
            return
        person = read_person(settings, found.contact_id)
    steps = _steps(person) if with_history else ()
    if as_json:
        for step in steps:
            typer.echo(orjson.dumps(_row(step)))
        return
    profile = orjson.loads(found.profile)
    _print_profile(profile)
    _print_names(person, profile.get("merged_from", []))
    if with_history:
        _print_steps(steps)


@app.command()
def export(who: Who) -> None:
    """Write all that is held of a person as JSON: the profile, identifiers as hashes, interactions, alerts."""
    from streams.cli.person import read_person

    settings = load_settings()
    with failing_plainly():
        found = _found(settings, who)
        person = read_person(settings, found.contact_id)
    held: dict[str, JSON] = {
        "contact_id": found.contact_id,
        "profile": orjson.loads(found.profile),
        "identifiers": [*person.names],
        "suppressions": person.suppressions,
        "interactions": [orjson.loads(value) for value, _ in person.interactions],
        "alerts": [*person.alerts],
    }
    typer.echo(orjson.dumps(held, option=orjson.OPT_INDENT_2))


def _steps(person: Person) -> Iterator[ProfileStep]:
    from streams.domain.contact.profile_history import history

    return history(person.contact_id, person.facts())


def _found(settings: Settings, who: str) -> Found:
    from sinks.lookup import Erased, Unknown
    from streams.cli.person import look_up
    from streams.cli.standing import missing

    found = look_up(settings, who)
    if isinstance(found, Unknown):
        lacking = missing(settings)
        refuse(nobody(who) + (f"; and {lacking}: see `harmonia status`" if lacking else ""))
    if isinstance(found, Erased):
        refuse(f"{found.contact_id} has been erased")
    return found


def _print_profile(profile: dict[str, JSON]) -> None:
    from streams.cli.profile_tables import shown

    found = shown(profile)
    print_table(("what", "is (times in UTC)"), found.facts)
    for part in found.lists:
        print_table(part.columns, part.rows, part.path)
    if found.unknown:
        print_lines(["", f"nothing is known of: {', '.join(found.unknown)}"])


def _print_names(person: Person, merged_from: Iterable[str]) -> None:
    from streams.cli.person import masked

    with_record = {*merged_from}
    rows = []
    for name in person.names:
        what = "the contact_id" if name == person.contact_id else "merged into it" if name in with_record else "linked"
        rows.append((masked(name), what))
    print_table(("identifier", "is"), rows, "found by")


def _print_steps(steps: Iterable[ProfileStep]) -> None:
    from streams.cli.profile_tables import changes, said

    print_lines(["", "history, times in UTC"])
    for step in steps:
        fact = step.fact
        print_lines([f"{said(render_time(fact.time))}  {fact.type}  {fact.source}  {fact.id}"])
        for path, (was, now) in step.changed.items():
            print_lines(f"    {path}: {change}" for change in changes(path, was, now))


def _row(step: ProfileStep) -> dict[str, JSON]:
    fact = step.fact
    changed: dict[str, JSON] = {path: [was, now] for path, (was, now) in step.changed.items()}
    when = render_time(fact.time)
    return {"time": when, "type": fact.type, "source": fact.source, "id": fact.id, "changed": changed}
