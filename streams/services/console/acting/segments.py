"""Defines segments, changes them, and withdraws one.

It is done once Redis shows what was ordered. A form of a definition carries a digest of what its author was shown:
where somebody else has changed the same segment since, nothing is written. What is so already is not ordered again.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence

from kafka.errors import KafkaError

from events.topics import SEGMENT_DEFINITIONS
from sinks.segment_lookup import StoredSegments
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_changes import definition_changes, in_order_of_references, referring_to
from streams.domain.segments.definition_files import definition_json
from streams.operations.definition_copies import DefinitionRecord, write_copies
from streams.platform.errors import MissingTopic
from streams.services.console.acting.reaching_kafka import kept_from_sending
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import NotForYou
from streams.services.console.outcomes import Outcome, done_as_shown, not_done, unsure
from streams.services.console.page import PageRequest, Withheld
from streams.services.console.pages.segments import stored_segments
from streams.services.console.rights import EVERYTHING
from streams.services.console.segment_asking import asking_mistakes
from streams.services.console.segment_builder import definitions_of, digest, may_change, read_draft
from streams.services.console.views import Audited

WAIT_S = 15.0
"""Seconds that Redis has to show what was ordered."""
_LOOK_AGAIN_S = 0.1
_ALL = "/segments"


async def define(asked: ActRequest) -> Outcome | Ready:
    """Define the segments of a draft, over what its author was shown."""
    found = read_draft(asked.said.get("text", ""))
    page = asked.page()
    stored = await stored_segments(page)
    there, rules = definitions_of(stored), channel_rules(asked.deps.policy())
    if isinstance(found, FileMistakes) or isinstance(definition_changes(there, found, rules), tuple):
        text = "There are mistakes in it. Go back, try it out, and correct them."
        return not_done("Not defined", text, "/segments/new", 422)
    names = [each.id for each in found]
    _require_own(asked, stored, [*found, *(there[name] for name in names if name in there)], names)
    to = f"/segments/{names[0]}" if len(names) == 1 else _ALL
    if all(there.get(each.id) == each for each in found):
        return done_as_shown(to)
    if asking_mistakes(found, there, asked.viewer):
        raise NotForYou(asked.signed_in)
    if asked.said.get("base") != digest(stored, names):
        text = "Somebody has changed this segment since you looked. Look at what it says now, first."
        return not_done("Not defined", text, to)
    records = [(each.id.encode(), definition_json(each)) for each in in_order_of_references(found)]

    async def perform() -> Outcome:
        return await _ordered(page, records, to)

    return Ready(Audited(segments=names), perform)


async def withdraw(asked: ActRequest) -> Outcome | Ready:
    """Withdraw a segment that no other refers to."""
    segment = asked.said.get("segment", "")
    page = asked.page()
    stored = await stored_segments(page)
    there = definitions_of(stored)
    if segment not in stored.definitions:
        return done_as_shown(_ALL)
    _require_own(asked, stored, [there[segment]] if segment in there else [], [segment])
    if others := referring_to([segment], there).get(segment):
        text = "Other segments refer to it: {names}."
        return not_done("Not withdrawn", text, f"/segments/{segment}", names=", ".join(others))

    async def perform() -> Outcome:
        return await _ordered(page, [(segment.encode(), None)], _ALL)

    return Ready(Audited(segments=[segment]), perform)


def _require_own(
    asked: ActRequest, stored: StoredSegments, definitions: Sequence[SegmentDefinition], names: Sequence[str]
) -> None:
    """Raises NotForYou where one is of another team, or says so in a way that this version cannot read."""
    there = definitions_of(stored)
    is_clear = all(name in there for name in names if name in stored.definitions)
    if not may_change(asked.viewer.scope, definitions) or not (is_clear or asked.viewer.scope == EVERYTHING):
        raise NotForYou(asked.signed_in)


async def _ordered(page: PageRequest, records: Sequence[DefinitionRecord], to: str) -> Outcome:
    """Write definitions, and wait until Redis shows them."""
    if (kept := await kept_from_sending(page.deps.settings, to)) is not None:
        return kept
    try:
        await asyncio.to_thread(write_copies, page.deps.settings, SEGMENT_DEFINITIONS, records)
    except (KafkaError, MissingTopic, OSError):
        return unsure(
            "Not sure that it was ordered",
            "Kafka did not say that it has the order. Look at what the segment's page says, and order it again.",
            to,
        )
    given_up = time.monotonic() + WAIT_S
    while not await _is_shown(page, records):
        if time.monotonic() >= given_up:
            return unsure(
                "Ordered, and not in force yet",
                "Kafka has the order, so it will be carried out. But Redis does not show it yet: does a worker run?",
                to,
            )
        await asyncio.sleep(_LOOK_AGAIN_S)  # Redis does not notify
    return done_as_shown(to)


async def _is_shown(page: PageRequest, records: Iterable[DefinitionRecord]) -> bool:
    try:
        stored = await stored_segments(page)
    except Withheld:
        return False
    return all(stored.definitions.get(key.decode()) == value for key, value in records)
