"""`harmonia reservations list, release`: which team has reserved whom, and giving back a person or a list; of Redis."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import orjson
import typer

from events.json_types import JSON
from events.times import render_time
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table, say
from streams.cli.person import (
    HELP,
    METAVAR,
    meant_by,
    nobody_known_message,
    require_workers_key,
    warn_of_what_is_missing,
)
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from sinks.lookup import ContactNames, Incomplete, LookupReply
    from sinks.reservations import Reservation
    from streams.platform.settings import Settings


app = typer.Typer(help="Who is about to reach whom.", no_args_is_help=True)

_is_list_id = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch

Team = Annotated[str | None, typer.Option(help="Only those of this team.")]


@app.command("list")
def list_command(
    one: Annotated[str | None, typer.Argument(metavar=f"[{METAVAR}]", help=f"{HELP} Without one everybody.")] = None,
    *,
    team: Team = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, one a line.")] = False,
) -> None:
    """List reservations that have not expired. Of everybody it reads all keys of Redis, which takes its time."""
    _print_reservations(one, team, as_json=as_json)


def list_id_of(value: str | None) -> str | None:
    """The id of a list as an option gives it. Raises BadParameter for one that cannot be such an id."""
    if value is not None and not _is_list_id(value):
        raise typer.BadParameter("give letters, digits, dots, dashes and underscores, 64 at most")
    return value


@app.command()
def release(
    one: Annotated[str | None, typer.Argument(metavar=f"[{METAVAR}]", help=HELP)] = None,
    *,
    team: Team = None,
    list_: Annotated[
        str | None,
        typer.Option("--list", metavar="ID", callback=list_id_of, help="All that were reserved with a list."),
    ] = None,
) -> None:
    """Give a person or a whole list back, so that other teams may ask again. Exit code 1 where nobody was reserved.

    Whoever had the reservation was told "allow", and may reach the people all the same.
    """
    if (one is None) == (list_ is None) or (list_ is not None and team is not None):
        refuse("give a person, with or without --team, or a list with --list ID", WRONG_USE)
    if list_ is not None:
        _release_list(list_)
    elif one is not None:
        _release_person(one, team)


_AT_ONCE = 1_000


class _Found(NamedTuple):
    """A reservation with its contact and channel."""

    contact_id: str
    channel: str
    reservation: Reservation


def _print_reservations(word: str | None, team: str | None, *, as_json: bool) -> None:
    """Print reservations, for people or for programs; what ends first comes first."""
    import asyncio

    from streams.cli.profile_tables import cell_text

    settings = load_settings()
    with failing_plainly():
        every = asyncio.run(_all_reservations(settings)) if word is None else _of(settings, word)
        warn_of_what_is_missing(settings)
    found = sorted((each for each in every if team in (None, each.reservation.team)), key=lambda each: each[2].until)
    if as_json:
        for each in found:
            typer.echo(orjson.dumps(_plain(each)))
        return
    if not found:
        print_lines(["nobody is reserved" if word is None else "this person is not reserved"])
    rows = [
        (contact_id, channel, one.team, cell_text(render_time(one.until)), one.list)
        for contact_id, channel, one in found
    ]
    print_table(("contact", "channel", "team", "until (UTC)", "list"), rows)


def _release_person(word: str, team: str | None) -> None:
    """Release all reservations of a person, and print them. Ends the command where there is none."""
    import asyncio

    from streams.domain import display_names

    settings = load_settings()
    with failing_plainly():
        found = [each for each in _of(settings, word) if team in (None, each.reservation.team)]
        if not found:
            refuse("this person is not reserved" + (f" by {team}" if team else ""))
        asyncio.run(_release(settings, found))
    for _, channel, one in found:
        say(f"released: {channel}, reserved by {display_names.named(one.team)} until {render_time(one.until)}")


def _release_list(list_id: str) -> None:
    """Release all that were reserved with a list. Ends the command where nobody is."""
    import asyncio

    settings = load_settings()
    with failing_plainly():
        released = asyncio.run(_release_listed(settings, list_id))
    if not released:
        refuse(f"nobody is reserved with the list {list_id}: `harmonia reservations list` names those that there are")
    say(f"released: {counted(released, 'person', 'people')} of the list {list_id}")


async def _release_listed(settings: Settings, list_id: str) -> int:
    from sinks.base import SinkUnavailable
    from sinks.reservations import Reservations
    from streams.platform.tried_address import redis_unanswered_cure

    async with _client(settings) as client:
        try:
            return await Reservations(client).release_list(list_id)
        except SinkUnavailable as trouble:
            refuse(f"{trouble}; {redis_unanswered_cure(settings)}")


def _of(settings: Settings, word: str) -> list[_Found]:
    import asyncio

    from sinks.base import SinkUnavailable
    from sinks.lookup import Incomplete, UnknownContact
    from streams.platform.tried_address import redis_unanswered_cure

    require_workers_key(settings)
    names = meant_by(settings, word).ids(settings.hasher)
    if not names:
        refuse(nobody_known_message(word))
    try:
        seen = asyncio.run(_look(settings, names))
    except SinkUnavailable as trouble:
        refuse(f"{trouble}; {redis_unanswered_cure(settings)}")
    if isinstance(seen, Incomplete):
        refuse(f"in Redis {seen.where} is {seen.why.replace('_', ' ')}: see `harmonia status`")
    [contact], [reserved] = seen.contacts, seen.reserved
    if isinstance(contact, UnknownContact) and not reserved:
        refuse(nobody_known_message(word))
    return [_Found(contact.contact_id, channel, one) for channel, one in reserved.items()]


async def _look(settings: Settings, names: ContactNames) -> LookupReply | Incomplete:
    from sinks.lookup import Lookup

    async with _client(settings) as client:
        return await Lookup(client, settings.profiles_oldest_s, settings.key_ids).look([names])


async def _all_reservations(settings: Settings) -> list[_Found]:
    from sinks.keys import reservation_key, text
    from sinks.lookup import CHANNELS
    from sinks.reservations import decode

    found = []
    async with _client(settings) as client:
        async for key in client.scan_iter(reservation_key("*", "*"), count=_AT_ONCE):
            value = await client.get(key)
            contact_id, _, channel = text(key).removeprefix("reservation:").rpartition(":")
            if value is not None and channel in CHANNELS:
                found.append(_Found(contact_id, channel, decode(value)))
    return found


async def _release(settings: Settings, found: list[_Found]) -> None:
    from sinks.base import SinkUnavailable
    from sinks.reservations import ReservationGranted, Reservations
    from streams.platform.tried_address import redis_unanswered_cure

    async with _client(settings) as client:
        for contact_id, channel, one in found:
            try:
                await Reservations(client).release(channel, one.token, [(contact_id, ReservationGranted(None))])
            except SinkUnavailable as trouble:
                refuse(f"{trouble}; {redis_unanswered_cure(settings)}")


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Redis]:
    from streams.platform.clients import redis_client

    client = redis_client(settings)
    try:
        yield client
    finally:
        await client.aclose()


def _plain(found: _Found) -> dict[str, JSON]:
    one = found.reservation
    since, until = render_time(one.at), render_time(one.until)
    told = {"contact_id": found.contact_id, "channel": found.channel, "team": one.team, "at": since, "until": until}
    return {**told, "list": one.list or None}
