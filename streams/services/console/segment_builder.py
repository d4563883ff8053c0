"""Tries out a draft of segments: its mistakes, what defining it would change, and how many it would let in.

A draft is text, TOML or JSON as in a file, or a form of rows (`segment_rows`). Trying it out changes nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from fastapi import APIRouter, Request, Response
from kafka.errors import KafkaError

from sinks.segment_lookup import StoredSegments
from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_changes import definition_changes
from streams.domain.segments.definition_files import read_segments, read_segments_json
from streams.domain.segments.previews import PreviewQuestion, preview_question
from streams.platform.errors import MissingTopic
from streams.services.console.gate import Console, draft_page, frame, message_page, posted, require
from streams.services.console.live import why_withheld
from streams.services.console.mistakes import shown_mistakes
from streams.services.console.page import PageRefused, PageRequest, Withheld
from streams.services.console.pages.segments import SEGMENT_NEW, stored_segments
from streams.services.console.rendering import render
from streams.services.console.rights import FEWEST, Scope
from streams.services.console.segment_asking import asking_mistakes
from streams.services.console.segment_rows import (
    SegmentDraft,
    SegmentForm,
    changed_form,
    draft_of,
    draft_of_form,
    read_form,
    row_numbers,
)
from streams.services.console.signin import SignedIn
from streams.services.minute_limit import PREVIEWS_A_MINUTE, MinuteLimit
from streams.services.segment_preview import SegmentPreview

MOST_TEXT = 64 << 10
_PREVIEWS_AT_ONCE = 4
PREVIEWS = "console:previews:"
"""Of whom Redis counts previews of this minute."""


def routes(console: Console) -> APIRouter:
    """The route of drafts."""
    router = APIRouter()
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
    there, rules = definitions_of(stored), channel_rules(asked.deps.policy())
    shown: dict[str, object] = {"mistakes": (), "preview": None, "changes": (), "trouble": ""}
    form = read_form(said) if said.get("by") == "rows" else None
    if form is not None and (changed := changed_form(form, said.get("do", ""), said.get("kind", ""))) is not None:
        return {**shown, "subject": draft_of_form(changed)}
    draft = SegmentDraft(said.get("text", "")) if form is None else draft_of_form(form)
    found = read_draft(draft.text)
    if isinstance(found, FileMistakes):
        by = found.found if form is None else by_rows(found.found, form)
        return {**shown, "subject": draft, "mistakes": shown_mistakes(by)}
    shown |= {"subject": draft_of(draft.text, found)}
    changes = definition_changes(there, found, rules)
    if isinstance(changes, tuple):
        return {**shown, "mistakes": shown_mistakes(changes)}
    question = preview_question(found, there, rules, is_exact=False)
    if isinstance(question, FileMistakes):
        return {**shown, "mistakes": shown_mistakes(question.found)}
    if kept := asking_mistakes(found, there, asked.viewer):
        return {**shown, "mistakes": shown_mistakes(kept if form is None else by_rows(kept, form))}
    shown |= {"changes": changes, "base": digest(stored, [each.id for each in found])}
    return {**shown, **await _counted(asked, question, previews)}


async def _counted(asked: PageRequest, question: PreviewQuestion, previews: asyncio.Semaphore) -> dict[str, object]:
    """How many a draft would let in, or why that is not known; it is written down first. Raises AuditUnavailable."""
    if asked.deps.preview is None or previews.locked():
        return {"trouble": "Too many are counting now. Try again in a moment."}
    limit = MinuteLimit(asked.deps.redis, PREVIEWS, PREVIEWS_A_MINUTE)
    if not await limit.allows(asked.viewer.name):
        return {"trouble": "You have counted 30 times in a minute. Try again in a minute."}
    async with previews:
        await asked.deps.views.counted(asked.viewer, question.criteria)
        try:
            counted: SegmentPreview | None = await asyncio.to_thread(asked.deps.preview, question)
        except (KafkaError, MissingTopic, OSError):
            counted = None
    if counted is None or not counted.answered:
        return {"trouble": "No worker has answered, so nobody was counted."}
    return {"preview": counted}


def by_rows(mistakes: Iterable[FileMistake], form: SegmentForm) -> list[FileMistake]:
    """The mistakes of a form, each with the number of its row in place of where its condition stands in the text."""
    numbers = row_numbers(form)
    found = []
    for each in mistakes:
        place, _, field = each.key.removeprefix("segment[0].").partition(".")
        number = numbers.get(place)
        key = place if number is None else f"{number}. {field}".rstrip()
        found.append(each._replace(key=key))
    return found


def read_draft(text: str) -> list[SegmentDefinition] | FileMistakes:
    """The definitions of a draft: JSON where it begins so, else TOML."""
    if len(text) > MOST_TEXT:
        raise PageRefused(413, "Not read", "The text is too long. Define fewer segments at once.")
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


def _builder(console: Console, signed_in: SignedIn, asked: PageRequest, shown: Mapping[str, object]) -> Response:
    require(signed_in, "see_segments")
    context = {**frame(console, signed_in), "page": SEGMENT_NEW, "fewest": FEWEST, **shown}
    return draft_page(signed_in, render("segment_builder.html", asked, context), has_mistakes=bool(shown["mistakes"]))


def _told(console: Console, signed_in: SignedIn, why: PageRefused) -> Response:
    words = console.page_request(signed_in, {}).words
    return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)
