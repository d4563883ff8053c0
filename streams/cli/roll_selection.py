"""The members of a segment for `harmonia segments export`, without those whom it may not choose by what it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from streams.cli.failures import failing_plainly, refuse
from streams.cli.output import say
from streams.cli.permit import DeniedList
from streams.cli.segment_members import members_as_list, require_list
from streams.domain.display_names import counted

if TYPE_CHECKING:
    from streams.platform.settings import Settings
    from streams.services.audience import Audience
    from streams.services.roll_selection import LeftOut, Parts
    from streams.services.segment_meaning import SegmentMeaning


@contextmanager
def selectable_members(
    settings: Settings, segment: str, *, as_json: bool
) -> Iterator[tuple[Audience, Sequence[DeniedList]]]:
    """The members of a segment as a list, and those whom it may not choose, by why.

    Where the regime guards opinions, and the segment asks for more than electoral rolls tell, nobody is in the first
    who is known by one alone, or not at all yet. Ends the command where the segment was defined anew meanwhile.
    """
    from events.regimes import REGIMES
    from streams.domain.segments.roll_selections import FILLING, KNOWN_BY_ROLL, UNKNOWN, beyond_the_roll
    from streams.services.roll_selection import Parts

    if not REGIMES[settings.regime].guards_opinion:
        with members_as_list(settings, segment) as members:
            yield members, ()
        return
    with failing_plainly():
        meaning = _meaning(settings, segment)
    beyond = beyond_the_roll(segment, meaning.definitions) + ([] if meaning.is_complete else [FILLING])
    with members_as_list(settings, segment) as members, ExitStack() as files:
        parts = Parts(*(cast(BinaryIO, files.enter_context(TemporaryFile())) for _ in Parts._fields))
        with failing_plainly():
            left_out = _part(settings, members, parts) if beyond else None
            if _is_another(meaning, _meaning(settings, segment)):
                refuse(f"{segment}: was defined anew while this ran; nothing was written: run this again")
        if left_out is None:
            yield members, ()
            return
        if left_out.by_roll_alone and not as_json:
            _tell(segment, beyond, left_out.by_roll_alone, None if meaning.is_complete else meaning.cure)
        denied = [
            DeniedList(_read(part), why, left_out.as_of)
            for part, why, rows in (
                (parts.by_roll_alone, KNOWN_BY_ROLL, left_out.by_roll_alone),
                (parts.unknown, UNKNOWN, left_out.unknown),
            )
            if rows
        ]
        yield _read(parts.others), denied


def _meaning(settings: Settings, segment: str) -> SegmentMeaning:
    import asyncio

    from sinks.segment_lookup import SegmentsReader
    from streams.domain.pressure.closures import channel_rules
    from streams.platform.clients import redis_client
    from streams.platform.policy_file import policy_of
    from streams.services.segment_meaning import settled_meaning

    rules = channel_rules(policy_of(settings.policy, settings.regime))

    async def read() -> SegmentMeaning:
        client = redis_client(settings)
        try:
            reader = SegmentsReader(client, settings.profiles_oldest_s)
            await require_list(settings, reader, segment)
            return await settled_meaning(reader, segment, rules)
        finally:
            await client.aclose()

    return asyncio.run(read())


def _is_another(before: SegmentMeaning, after: SegmentMeaning) -> bool:
    """Whether people may have become members by another definition. That filling has ended meanwhile is none."""
    return (before.definitions, before.edition) != (after.definitions, after.edition) or (
        before.is_complete and not after.is_complete
    )


def _part(settings: Settings, members: Audience, parts: Parts) -> LeftOut:
    import asyncio

    from sinks.lookup import Lookup
    from streams.platform.clients import redis_client
    from streams.services.roll_selection import part_members

    async def part() -> LeftOut:
        client = redis_client(settings)
        try:
            lookup = Lookup(client, settings.profiles_oldest_s, settings.key_ids)
            return await part_members(lookup, members, parts, settings.refused_kinds)
        finally:
            await client.aclose()

    return asyncio.run(part())


def _read(file: BinaryIO) -> Audience:
    from streams.services.audience import Audience, open_audience

    file.seek(0)
    found = open_audience(file)
    if not isinstance(found, Audience):
        raise TypeError(found.reason)
    return found


def _tell(segment: str, beyond: list[str], left_out: int, cure: str | None) -> None:
    """Say how many are denied, and why. `cure`: what to do where not everybody is judged yet."""
    members = counted(left_out, "member is", "members are")
    say(
        f"{members} known by an electoral roll alone, and denied: {segment} chooses by {', '.join(beyond)}, and "
        "they may be chosen by age_band, sex and polling_station alone (docs/segments.md)"
        + ("" if cure is None else f"; {cure}"),
        err=True,
    )
