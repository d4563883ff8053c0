"""Tries out a draft of segments: its mistakes, what defining it would change, and how many it would let in.

A draft is text, TOML or JSON as in a file, or a form of rows (`segment_rows`). Trying it out changes nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from kafka.errors import KafkaError
from msgspec.structs import replace

from events.regimes import REGIMES
from events.segments import SegmentDefinitionTable
from sinks.segment_lookup import StoredSegments
from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_changes import SegmentDefinitionChange, definition_changes
from streams.domain.segments.definition_files import read_segments, read_segments_json
from streams.domain.segments.previews import PreviewQuestion, preview_question
from streams.platform.errors import MissingTopic
from streams.services.console.field_mistakes import field_mistakes
from streams.services.console.gate import Console, draft_page, frame, message_page, posted, require
from streams.services.console.live import why_withheld
from streams.services.console.mistakes import shown_mistakes
from streams.services.console.page import PageRefused, PageRequest, Withheld
from streams.services.console.pages.segments import SEGMENT_NEW, stored_segments
from streams.services.console.rendering import render
from streams.services.console.rights import FEWEST, Scope
from streams.services.console.segment_asking import asking_mistakes, kept_from
from streams.services.console.segment_rows import (
    SegmentDraft,
    SegmentForm,
    changed_form,
    draft_of,
    draft_of_form,
    read_form,
)
from streams.services.console.segment_sentences import parts_of
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
    language = asked.words.language
    form = read_form(said, language) if said.get("by") == "rows" else None
    currency, done = REGIMES[asked.deps.settings.regime].currency, said.get("do", "")
    if form is not None and (changed := changed_form(form, done, said.get("kind", ""), currency)) is not None:
        return {"subject": draft_of_form(changed)}
    draft = SegmentDraft(said.get("text", "")) if form is None else draft_of_form(form)
    found = read_draft(draft.text)
    if isinstance(found, FileMistakes):
        return {"subject": draft, **_wrong(found.found, form)}
    shown: dict[str, object] = {"subject": draft_of(draft.text, found, language) if form is None else draft}
    if done == "say":
        return shown
    trial = _trial_of(found, definitions_of(stored), asked)
    if not isinstance(trial, _Trial):
        return {**shown, **_wrong(trial, form)}
    shown |= {"changes": trial.changes, "base": digest(stored, [each.id for each in found])}
    return {**shown, **await _counted(asked, trial, previews)}


class _Trial(NamedTuple):
    """A draft that can be counted. `parts`: names of single conditions that are counted too, by the line of each."""

    question: PreviewQuestion
    changes: Sequence[SegmentDefinitionChange]
    parts: Mapping[int, str]

    @property
    def criteria(self) -> list[SegmentDefinitionTable]:
        """What is asked, but for conditions that it has anyway."""
        return [each for each in self.question.criteria if each["id"] not in self.parts.values()]


def _trial_of(
    found: Sequence[SegmentDefinition], there: Mapping[str, SegmentDefinition], asked: PageRequest
) -> _Trial | Sequence[FileMistake]:
    """What is to be counted of definitions, or why nothing is. `there`: what is defined."""
    rules = channel_rules(asked.deps.policy())
    changes = definition_changes(there, found, rules)
    if isinstance(changes, tuple):
        return changes
    if mistakes := asking_mistakes(found, there, asked.viewer):
        return mistakes
    parts = parts_of(found[0], {*there, found[0].id}) if len(found) == 1 else {}
    question = preview_question([*found, *parts.values()], there, rules, is_exact=False)
    if isinstance(question, FileMistakes):
        return question.found
    return _Trial(question, changes, {line: each.id for line, each in parts.items()})


def _wrong(mistakes: Sequence[FileMistake], form: SegmentForm | None) -> dict[str, object]:
    """What is shown of mistakes: in a text by their keys, in a form at its fields."""
    if form is None:
        return {"mistakes": shown_mistakes(mistakes)}
    return {"wrong": field_mistakes(mistakes, form)}


async def _counted(asked: PageRequest, trial: _Trial, previews: asyncio.Semaphore) -> dict[str, object]:
    """How many a draft would let in, or why that is not known; it is written down first. Raises AuditUnavailable."""
    if asked.deps.preview is None or previews.locked():
        return {"trouble": "Too many are counting now. Try again in a moment."}
    limit = MinuteLimit(asked.deps.redis, PREVIEWS, PREVIEWS_A_MINUTE)
    if not await limit.allows(asked.viewer.name):
        return {"trouble": "You have counted 30 times in a minute. Try again in a minute."}
    async with previews:
        await asked.deps.views.counted(asked.viewer, trial.criteria)
        try:
            counted: SegmentPreview | None = await asyncio.to_thread(asked.deps.preview, trial.question)
        except (KafkaError, MissingTopic, OSError):
            counted = None
    if counted is None or not counted.answered:
        return {"trouble": "No worker has answered, so nobody was counted."}
    return {"preview": counted, "parts": trial.parts}


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
    subject = shown["subject"]
    if isinstance(subject, SegmentDraft):
        shown = {**shown, "subject": replace(subject, kept=kept_from(signed_in.viewer))}
    context = {**frame(console, signed_in), "page": SEGMENT_NEW, "fewest": FEWEST, **shown}
    has_mistakes = not shown.keys().isdisjoint(("mistakes", "wrong"))
    return draft_page(signed_in, render("segment_builder.html", asked, context), has_mistakes=has_mistakes)


def _told(console: Console, signed_in: SignedIn, why: PageRefused) -> Response:
    words = console.page_request(signed_in, {}).words
    return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)
