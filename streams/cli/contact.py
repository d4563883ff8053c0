"""`harmonia contact`: what is known of one person, and what is decided about a record."""

from collections.abc import Iterable
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.pretty import Pretty
from rich.table import Table

from events.json_types import JSON
from events.times import render_time
from sinks.base import Stored
from streams.cli import deciding
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.naming import CURE, HELP, METAVAR
from streams.cli.person import Person, look_up, masked, read_person
from streams.contact.history import Step, history
from streams.settings import Settings

app = typer.Typer(help="One person.", no_args_is_help=True)
app.command()(deciding.link)
app.command()(deciding.unlink)
app.command()(deciding.suppress)
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
    """Show the profile of a contact. Exit code 1 when there is none. An absorbed one is shown as who it is now."""
    settings = load_settings()
    with failing_plainly():
        contact_id, stored = _found(settings, who)
        if as_json and not with_history:
            typer.echo(stored.state)
            return
        person = read_person(settings, contact_id)
    steps = history(contact_id, person.facts()) if with_history else ()
    if as_json:
        for step in steps:
            typer.echo(orjson.dumps(_row(step)))
        return
    Console().print(Pretty(orjson.loads(stored.state or b"null"), expand_all=True))
    _print_names(person, orjson.loads(stored.state or b"{}").get("merged_from", []))
    if with_history:
        _print_steps(steps)


@app.command()
def export(who: Who) -> None:
    """Write all that is held of a person as JSON: the profile, identifiers as hashes, interactions, alerts."""
    settings = load_settings()
    with failing_plainly():
        contact_id, stored = _found(settings, who)
        person = read_person(settings, contact_id)
    held: dict[str, JSON] = {
        "contact_id": contact_id,
        "profile": orjson.loads(stored.state or b"null"),
        "identifiers": [*person.names],
        "suppressions": person.suppressions,
        "interactions": [orjson.loads(value) for value, _ in person.interactions],
        "alerts": [*person.alerts],
    }
    typer.echo(orjson.dumps(held, option=orjson.OPT_INDENT_2))


def _found(settings: Settings, who: str) -> tuple[str, Stored]:
    found = look_up(settings, who)
    if found is None:
        refuse(f"no such contact: {CURE}")
    if found[1].erased:
        refuse(f"{found[0]} has been erased")
    return found


def _print_names(person: Person, merged_from: Iterable[str]) -> None:
    table = Table(box=None)
    for name in ("identifier", "is"):
        table.add_column(name, overflow="fold")
    with_record = {*merged_from}
    for name in person.names:
        what = "the contact_id" if name == person.contact_id else "a fragment" if name in with_record else "linked"
        table.add_row(masked(name), what)
    Console().print(table)


def _print_steps(steps: Iterable[Step]) -> None:
    table = Table(box=None)
    for name in ("time", "type", "source", "id", "changed"):
        table.add_column(name, overflow="fold")
    for step in steps:
        fact = step.fact
        changed = "\n".join(f"{path}: {_said(was)} → {_said(now)}" for path, (was, now) in step.changed.items())
        table.add_row(render_time(fact.time), fact.type, fact.source, fact.id, changed)
    Console().print(table)


def _row(step: Step) -> dict[str, JSON]:
    fact = step.fact
    changed: dict[str, JSON] = {path: [was, now] for path, (was, now) in step.changed.items()}
    when = render_time(fact.time)
    return {"time": when, "type": fact.type, "source": fact.source, "id": fact.id, "changed": changed}


def _said(value: JSON) -> str:
    return orjson.dumps(value).decode()
