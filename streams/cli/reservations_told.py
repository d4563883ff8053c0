"""Reservations as they are listed and given back, from Redis, which alone has them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import orjson
import typer
from redis.asyncio import Redis

from events.json_types import JSON
from events.times import render_time
from sinks.base import SinkUnavailable
from sinks.keys import reservation_key, text
from sinks.lookup import CHANNELS, Incomplete, Lookup, UnknownContact
from sinks.reservations import Reservation, ReservationGranted, Reservations, decode
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.naming import named, nobody
from streams.cli.profile_tables import said
from streams.cli.saying import say
from streams.cli.tables import print_lines, print_table
from streams.domain import display_names
from streams.platform.clients import redis_client
from streams.platform.settings import Settings
from streams.platform.tried_address import is_redis_up

_KEYS = reservation_key("*", "*")
_AT_ONCE = 1_000


class _Found(NamedTuple):
    """A reservation, of whom and on which channel."""

    contact_id: str
    channel: str
    reservation: Reservation


def tell_reservations(word: str | None, team: str | None, *, as_json: bool) -> None:
    """Print them, for people or for programs: what ends first comes first."""
    settings = load_settings()
    with failing_plainly():
        every = asyncio.run(_all(settings) if word is None else _of(settings, word))
    found = sorted((each for each in every if team in (None, each.reservation.team)), key=lambda each: each[2].until)
    if as_json:
        for each in found:
            typer.echo(orjson.dumps(_plain(each)))
        return
    if not found:
        print_lines(["nobody is reserved" if word is None else "this person is not reserved"])
    rows = [(contact_id, channel, one.team, said(render_time(one.until))) for contact_id, channel, one in found]
    print_table(("contact", "channel", "team", "until (UTC)"), rows)


def release_of(word: str, team: str | None) -> None:
    """Give back what is reserved of a person, and say what that was. Ends the command where there is nothing."""
    settings = load_settings()
    with failing_plainly():
        found = [each for each in asyncio.run(_of(settings, word)) if team in (None, each.reservation.team)]
        if not found:
            refuse("this person is not reserved" + (f" by {team}" if team else ""))
        asyncio.run(_release(settings, found))
    for _, channel, one in found:
        say(f"released: {channel}, reserved by {display_names.named(one.team)} until {render_time(one.until)}")


async def _of(settings: Settings, word: str) -> list[_Found]:
    names = named(word).ids(settings.hasher)
    if not names:
        refuse(nobody(word))
    async with _client(settings) as client:
        try:
            seen = await Lookup(client, settings.profiles_oldest_s).look([names])
        except SinkUnavailable as trouble:
            refuse(f"{trouble}; {is_redis_up(settings)}")
    if isinstance(seen, Incomplete):
        refuse(f"in Redis {seen.where} is {seen.why.replace('_', ' ')}: see `harmonia status`")
    [contact], [reserved] = seen.contacts, seen.reserved
    if isinstance(contact, UnknownContact) and not reserved:
        refuse(nobody(word))
    return [_Found(contact.contact_id, channel, one) for channel, one in reserved.items()]


async def _all(settings: Settings) -> list[_Found]:
    found = []
    async with _client(settings) as client:
        async for key in client.scan_iter(_KEYS, count=_AT_ONCE):
            value = await client.get(key)
            contact_id, _, channel = text(key).removeprefix("reservation:").rpartition(":")
            if value is not None and channel in CHANNELS:
                found.append(_Found(contact_id, channel, decode(value)))
    return found


async def _release(settings: Settings, found: list[_Found]) -> None:
    async with _client(settings) as client:
        for contact_id, channel, one in found:
            try:
                await Reservations(client).release(channel, one.token, [(contact_id, ReservationGranted(None))])
            except SinkUnavailable as trouble:
                refuse(f"{trouble}; {is_redis_up(settings)}")


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Redis]:
    client = redis_client(settings)
    try:
        yield client
    finally:
        await client.aclose()


def _plain(found: _Found) -> dict[str, JSON]:
    one = found.reservation
    since, until = render_time(one.at), render_time(one.until)
    return {"contact_id": found.contact_id, "channel": found.channel, "team": one.team, "at": since, "until": until}
