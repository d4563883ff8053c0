"""The members of a segment for `harmonia segments export`, without those whom it may not choose by what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson
import typer

from streams.cli.failures import failing_plainly
from streams.cli.output import say
from streams.cli.segment_members import members_as_list
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from streams.platform.settings import Settings
    from streams.services.audience import Audience


@contextmanager
def selectable_members(settings: Settings, segment: str, *, as_json: bool) -> Iterator[Audience]:
    """The members of a segment as a list.

    Where the regime guards opinions, and the segment asks for more than electoral rolls tell, nobody is in it who is
    known by one alone; how many are left out is said on standard error.
    """
    from events.regimes import REGIMES
    from streams.services.audience import Audience, open_audience

    with members_as_list(settings, segment) as members:
        beyond = _beyond(settings, segment) if REGIMES[settings.regime].guards_opinion else []
        if not beyond:
            yield members
            return
        with TemporaryFile() as kept:
            with failing_plainly():
                left_out = _left_out(settings, members, cast(BinaryIO, kept))
            _tell(segment, beyond, left_out, as_json=as_json)
            kept.seek(0)
            others = open_audience(cast(BinaryIO, kept))
            if not isinstance(others, Audience):
                raise TypeError(others.reason)
            yield others


def _beyond(settings: Settings, segment: str) -> list[str]:
    from streams.cli.segments import read_defined
    from streams.domain.segments.roll_selections import beyond_the_roll

    with failing_plainly():
        return beyond_the_roll(segment, read_defined(settings).definitions)


def _left_out(settings: Settings, members: Audience, kept: BinaryIO) -> int:
    import asyncio

    from sinks.lookup import Lookup
    from streams.platform.clients import redis_client
    from streams.services.roll_selection import keep_known_otherwise

    async def keep() -> int:
        client = redis_client(settings)
        try:
            lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
            return await keep_known_otherwise(lookup, members, kept)
        finally:
            await client.aclose()

    return asyncio.run(keep())


def _tell(segment: str, beyond: list[str], left_out: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"known_by_roll_alone": left_out}), err=True)
    elif left_out:
        members = counted(left_out, "member is", "members are")
        say(
            f"{members} known by an electoral roll alone, and left out: {segment} chooses by {', '.join(beyond)}, and "
            "they may be chosen by age_band, sex and polling_station alone (docs/segments.md)",
            err=True,
        )
