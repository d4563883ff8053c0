"""Segments are tried out, defined and withdrawn from the console: what answers its forms.

A definition is text, TOML or JSON as in a file. Trying it out changes nothing. Defining takes a second look, which says
what would change, and carries what it was shown of: where somebody else has changed the same segment since, nothing is
written. What is so already is not ordered again, and nothing is sent before it is in the audit log. A form is answered
once Redis shows what it ordered.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from kafka.errors import KafkaError

from events.topics import SEGMENT_DEFINITIONS
from sinks.segment_lookup import StoredSegments
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_changes import definition_changes, in_order_of_references, referring_to
from streams.domain.segments.definition_files import definition_json, read_segments, read_segments_json
from streams.domain.segments.previews import preview_question
from streams.operations.definition_copies import DefinitionRecord, write_copies
from streams.platform.errors import MissingTopic
from streams.services.console.gate import Console, NotForYou, frame, html, message_page, posted, require
from streams.services.console.live import why_withheld
from streams.services.console.page import PageRefused, PageRequest, Withheld
from streams.services.console.pages.segments import SEGMENT_NEW, stored_segments
from streams.services.console.rendering import render
from streams.services.console.rights import FEWEST, Scope
from streams.services.console.signin import SignedIn
from streams.services.segment_preview import SegmentPreview

MOST_TEXT = 64 << 10
WAIT_S = 15.0
"""Seconds that Redis has to show what was ordered."""
_LOOK_AGAIN_S = 0.1
_PREVIEWS_AT_ONCE = 4


def routes(console: Console) -> APIRouter:
    """The routes of drafts, definitions and withdrawals."""
    router = APIRouter()
    lock = asyncio.Lock()
    previews = asyncio.Semaphore(_PREVIEWS_AT_ONCE)

    @router.post("/segments/draft", name="draft_segments")
    async def draft(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_segments")
        try:
            asked, there = await _begun(console, signed_in)
            shown = await _tried_out(asked, there, said, previews)
        except PageRefused as why:
            return _told(console, signed_in, why)
        return _builder(console, signed_in, asked, shown)

    @router.post("/segments/define", name="define_segments")
    async def define(request: Request) -> Response:
        signed_in, said = await posted(console, request, "define")
        try:
            async with lock:
                names = await _defined(console, signed_in, said)
        except PageRefused as why:
            return _told(console, signed_in, why)
        return RedirectResponse(f"/segments/{names[0]}" if len(names) == 1 else "/segments", 303)

    @router.post("/segments/withdraw", name="withdraw_segment")
    async def withdraw(request: Request) -> Response:
        signed_in, said = await posted(console, request, "withdraw")
        try:
            async with lock:
                await _withdrawn(console, signed_in, said.get("segment", ""))
        except PageRefused as why:
            return _told(console, signed_in, why)
        return RedirectResponse("/segments", 303)

    return router


async def _begun(console: Console, signed_in: SignedIn) -> tuple[PageRequest, StoredSegments]:
    """The request of the form, and what is defined. Raises PageRefused where nobody can say."""
    asked = console.page_request(signed_in, {})
    try:
        return asked, await stored_segments(asked)
    except Withheld as why:
        raise PageRefused(503, "Not available now", why_withheld(why, asked.words)) from None


async def _tried_out(
    asked: PageRequest, stored: StoredSegments, said: Mapping[str, str], previews: asyncio.Semaphore
) -> dict[str, object]:
    """What the builder shows of a draft: its mistakes, or what it would change and how many it would let in."""
    text, there, rules = said.get("text", ""), definitions_of(stored), channel_rules(asked.deps.policy())
    shown: dict[str, object] = {"text": text, "mistakes": (), "preview": None, "changes": (), "trouble": ""}
    found = read_draft(text)
    if isinstance(found, FileMistakes):
        return {**shown, "mistakes": found.found}
    changes = definition_changes(there, found, rules)
    if isinstance(changes, tuple):
        return {**shown, "mistakes": changes}
    question = preview_question(found, there, rules, is_exact=False)
    if isinstance(question, FileMistakes):
        return {**shown, "mistakes": question.found}
    shown |= {"changes": changes, "base": digest(stored, [each.id for each in found])}
    if asked.deps.preview is None or previews.locked():
        return {**shown, "trouble": "Too many are counting now. Try again in a moment."}
    async with previews:
        try:
            counted: SegmentPreview | None = await asyncio.to_thread(asked.deps.preview, question)
        except (KafkaError, MissingTopic, OSError):
            counted = None
    trouble = "" if counted is not None and counted.answered else "No worker has answered, so nobody was counted."
    return {**shown, "preview": counted, "trouble": trouble}


async def _defined(console: Console, signed_in: SignedIn, said: Mapping[str, str]) -> list[str]:
    """Define what the form says, unless it is so already. Returns the segments."""
    found = read_draft(said.get("text", ""))
    asked, stored = await _begun(console, signed_in)
    there, rules = definitions_of(stored), channel_rules(asked.deps.policy())
    if isinstance(found, FileMistakes) or isinstance(definition_changes(there, found, rules), tuple):
        raise PageRefused(422, "Not defined", "There are mistakes in it. Go back, try it out, and correct them.")
    names = [each.id for each in found]
    _require_own(signed_in, [*found, *(there[name] for name in names if name in there)])
    if all(there.get(each.id) == each for each in found):
        return names
    if said.get("base") != digest(stored, names):
        raise PageRefused(
            409, "Not defined", "Somebody has changed this segment since you looked. Look at what it says now, first."
        )
    records = [(each.id.encode(), definition_json(each)) for each in in_order_of_references(found)]
    await asked.deps.views.segments(signed_in.viewer, "define", names)
    await _ordered(asked, records)
    return names


async def _withdrawn(console: Console, signed_in: SignedIn, segment: str) -> None:
    asked, stored = await _begun(console, signed_in)
    there = definitions_of(stored)
    if segment not in stored.definitions:
        return
    _require_own(signed_in, [there[segment]] if segment in there else [])
    if others := referring_to([segment], there).get(segment):
        raise PageRefused(
            409, "Not withdrawn", asked.words.text("Other segments refer to it: {names}.", names=", ".join(others))
        )
    await asked.deps.views.segments(signed_in.viewer, "withdraw", [segment])
    await _ordered(asked, [(segment.encode(), None)])


async def _ordered(asked: PageRequest, records: Sequence[DefinitionRecord]) -> None:
    """Write definitions, and wait until Redis shows them. Raises PageRefused with what became of it."""
    try:
        await asyncio.to_thread(write_copies, asked.deps.settings, SEGMENT_DEFINITIONS, records)
    except (KafkaError, MissingTopic, OSError):
        raise PageRefused(
            503,
            "Not sure that it was ordered",
            "Kafka did not say that it has the order. Look at what the segment's page says, and order it again.",
        ) from None
    given_up = time.monotonic() + WAIT_S
    while not await _is_shown(asked, records):
        if time.monotonic() >= given_up:
            raise PageRefused(
                503,
                "Ordered, and not in force yet",
                "Kafka has the order, so it will be carried out. But Redis does not show it yet: does a worker run?",
            )
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _is_shown(asked: PageRequest, records: Iterable[DefinitionRecord]) -> bool:
    try:
        stored = await stored_segments(asked)
    except Withheld:
        return False
    return all(stored.definitions.get(key.decode()) == value for key, value in records)


def read_draft(text: str) -> list[SegmentDefinition] | FileMistakes:
    """The definitions of a draft: JSON where it begins so, else TOML."""
    if len(text) > MOST_TEXT:
        raise PageRefused(
            413, "Not read", "The text is too long. `harmonia segments define` takes files of any length."
        )
    return read_segments_json(text) if text.lstrip().startswith("{") else read_segments(text.replace("\r\n", "\n"))


def definitions_of(stored: StoredSegments) -> dict[str, SegmentDefinition]:
    """What is defined and can be read."""
    read = {name: read_definition(value) for name, value in stored.definitions.items()}
    return {name: each for name, each in read.items() if isinstance(each, SegmentDefinition)}


def digest(stored: StoredSegments, names: Iterable[str]) -> str:
    """What stands for how these segments are defined now."""
    said = b"\0".join(stored.definitions.get(name, b"") for name in sorted(names))
    return blake2b(said, digest_size=8).hexdigest()


def may_change(scope: Scope, definitions: Iterable[SegmentDefinition]) -> bool:
    """Whether segments are of teams that somebody sees: `owner` says whose a segment is."""
    return all(scope.has_team(each.owner or None) for each in definitions)


def _require_own(signed_in: SignedIn, definitions: Iterable[SegmentDefinition]) -> None:
    if not may_change(signed_in.viewer.scope, definitions):
        raise NotForYou(signed_in)


def _builder(console: Console, signed_in: SignedIn, asked: PageRequest, shown: Mapping[str, object]) -> Response:
    require(signed_in, "see_segments")
    context = {**frame(console, signed_in), "page": SEGMENT_NEW, "fewest": FEWEST, "subject": None, **shown}
    return html(signed_in, render("segment_builder.html", asked, context), 422 if shown["mistakes"] else 200)


def _told(console: Console, signed_in: SignedIn, why: PageRefused) -> Response:
    words = console.page_request(signed_in, {}).words
    return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)
