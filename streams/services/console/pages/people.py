"""`/people`: find somebody by what they go by.

What is typed is hashed and forgotten: it is in no URL, no log and no record.
"""

import re
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from msgspec import Struct
from msgspec.structs import replace

from events.fields import CONTACT_ID_PATTERN
from sinks.lookup import Incomplete
from streams.domain.messages import CodedMessage
from streams.services.console.gate import Console, frame, html, own_path, posted
from streams.services.console.page import Page
from streams.services.console.pages.person_looks import REASONS, outcome_of, unknown_name
from streams.services.console.pages.person_segments import explanation_path
from streams.services.console.pages.segments import SEGMENT_ID
from streams.services.console.rendering import render
from streams.services.console.signin import SignedIn
from streams.services.permission.decision_messages import incomplete_message
from streams.services.permission.person_name import Ambiguous, PersonName, readable_meanings, understand

_LONGEST_WORD = 1024

FIND = Page(
    path="/people",
    name="people",
    title="People",
    menu="People",
    act="see_people",
    blocks=(),
    params={"for": CONTACT_ID_PATTERN, "segment": SEGMENT_ID},
    template="people.html",
)
PAGES = (FIND,)


def routes(console: Console) -> APIRouter:
    """The routes of finding somebody, and of saying why."""
    router = APIRouter()

    @router.post("/people")
    async def find(request: Request) -> Response:
        """Find a person by what they go by, which goes no further than its hash. A reason has to be given first."""
        signed_in, said = await posted(console, request, "see_people")
        reason = said.get("reason") or signed_in.session.reason
        kept = _kept(said)
        if reason not in REASONS:
            return _form(console, signed_in, "reason", 422, kept)
        if reason != signed_in.session.reason:
            await console.sessions.change(signed_in, console.deps.wall(), {"reason": reason})
            signed_in = replace(signed_in, session=replace(signed_in.session, reason=reason))
        if "for" in kept:
            return RedirectResponse(_path_to(kept["for"], kept), 303)
        word = said.get("who", "").strip()[:_LONGEST_WORD]
        meanings = readable_meanings(word, console.deps.settings.hasher)
        if not meanings:
            return _form(console, signed_in, "unreadable", 422, kept)
        found = await _found(console, signed_in, meanings, reason)
        if not isinstance(found, FoundName):
            return _form(console, signed_in, *found, kept)
        return RedirectResponse(_path_to(found.contact_id, {**kept, "by": found.kind} if found.kind else kept), 303)

    @router.post("/people/reason")
    async def say_why(request: Request) -> Response:
        """Remember why somebody looks at people, and lead back to the list that they want to see."""
        signed_in, said = await posted(console, request, "see_people")
        if said.get("reason") not in REASONS:
            raise HTTPException(422)
        await console.sessions.change(signed_in, console.deps.wall(), {"reason": said["reason"]})
        return RedirectResponse(own_path(said.get("to", "")), 303)

    return router


class FoundName(Struct, frozen=True):
    """The person whom somebody has found. `kind`: what was typed was taken for, where it may mean several things."""

    contact_id: str
    kind: str


async def _found(
    console: Console, signed_in: SignedIn, meanings: Sequence[tuple[PersonName, list[str]]], reason: str
) -> FoundName | tuple[str | CodedMessage, int]:
    """Whom somebody means, once the look is written down; or why nobody is shown, and the status of that."""
    deps, viewer = console.deps, signed_in.viewer
    seen = await deps.lookup.look([ids for _, ids in meanings])
    if isinstance(seen, Incomplete):
        return incomplete_message(seen), 503
    meant = understand([name for name, _ in meanings], seen.contacts)
    looked_at = [each.contact for each in meant.people] if isinstance(meant, Ambiguous) else [meant.contact]
    outcomes = [outcome_of(contact, viewer) for contact in looked_at]
    for contact, outcome in zip(looked_at, outcomes, strict=True):
        known = outcome != "unknown"
        written = contact.contact_id if known else unknown_name(contact.contact_id, deps.settings.hasher)
        await deps.views.person(viewer, reason, written, outcome)
    if "erased" in outcomes and viewer.scope.regions is None:
        return "erased", 410
    if set(outcomes) != {"found"}:
        return "unknown", 404
    if isinstance(meant, Ambiguous):
        return "ambiguous", 409
    return FoundName(meant.contact.contact_id, (meant.name.kind or "contact") if len(meanings) > 1 else "")


def _kept(said: Mapping[str, str]) -> dict[str, str]:
    """What of a form the page knows, and so keeps: whose page is wanted, and of which segment."""
    return {name: said[name] for name, form in FIND.params.items() if re.fullmatch(form, said.get(name, ""))}


def _path_to(contact_id: str, kept: Mapping[str, str]) -> str:
    by = f"by={kept['by']}" if "by" in kept else ""
    if "segment" in kept:
        return explanation_path(contact_id, kept["segment"]) + (by and f"&{by}")
    return f"/people/{contact_id}" + (by and f"?{by}")


def _form(
    console: Console, signed_in: SignedIn, why: str | CodedMessage, status: int, kept: Mapping[str, str]
) -> Response:
    """The form again, with what was wrong; not with what was typed, which may be an address."""
    asked = console.page_request(signed_in, kept)
    lacking = asked.words.message(why) if isinstance(why, CodedMessage) else ""
    context = {**frame(console, signed_in), "page": FIND, "why": "" if lacking else why, "lacking": lacking}
    return html(signed_in, render("people.html", asked, context), status)
