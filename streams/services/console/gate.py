"""Who is asking: the session of a request, forms that come from the console's own pages, and pages that say no."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from streams.services.api.connection_limits import mark_known
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.desk_schema import SECOND_MS
from streams.services.console.live import Hub
from streams.services.console.page import Page, PageRequest
from streams.services.console.rendering import for_reader, render, render_signed_out
from streams.services.console.rights import OF_EVERYBODY, Act, Lack, lacking, may
from streams.services.console.running_uploads import RunningUploads
from streams.services.console.signin import COOKIE, Sessions, SignedIn, is_own_origin, same
from streams.services.console.words import Words, language_of, words_in

MOST_ENTRIES = 7
"""Entries of the menu, at most: they stand in one line of a small laptop."""


@dataclass(frozen=True, slots=True)
class Console:
    """What all routes need: dependencies, the hub of live blocks, sessions, and the list of all pages.

    `switch_to`: people whose place a reader may take, with what the page calls them, English as keys of the catalogue;
    in the demo alone, which has the route for it.
    """

    deps: ConsoleDependencies
    hub: Hub
    sessions: Sessions
    pages: tuple[Page, ...]
    switch_to: tuple[tuple[str, str], ...] = ()
    uploads: RunningUploads = field(default_factory=RunningUploads)

    def page_request(self, signed_in: SignedIn, params: Mapping[str, str]) -> PageRequest:
        """The request of a viewer, at this moment."""
        viewer = signed_in.viewer
        words = words_in(viewer.language, self.deps.settings.time_zone)
        now_ms = self.deps.clock() // SECOND_MS * SECOND_MS  # so that who asks in the same second asks the same
        return PageRequest(viewer, words, now_ms, params, self.deps, signed_in.session.reason)


class SignInFirst(Exception):
    """Nobody is signed in."""


class FormRefused(Exception):
    """A form that did not come from a page of this console."""


class NotForYou(Exception):
    """The right to it is missing, or the setting that allows it."""

    def __init__(self, signed_in: SignedIn, lacks: Sequence[Lack] = ("right",)) -> None:
        super().__init__()
        self.signed_in = signed_in
        self.lacks = lacks


async def signed_in_of(console: Console, request: Request) -> SignedIn:
    """Who sends a request. Raises SignInFirst, and SinkUnavailable where Redis does not answer."""
    found = await console.sessions.find(request.cookies.get(COOKIE, ""), console.deps.wall())
    if found is None:
        raise SignInFirst
    mark_known(request.scope)
    return found


async def sender_of(console: Console, request: Request, act: Act | None = None) -> SignedIn:
    """Who sends a form, by what stands before its body.

    Raises SignInFirst, FormRefused where it comes from elsewhere, and NotForYou where they may not do `act`.
    """
    signed_in = await signed_in_of(console, request)
    if not is_own_origin(request, console.deps.settings.console_url):
        console.deps.metrics.refused.labels("origin").inc()
        raise FormRefused
    if act is not None:
        require(signed_in, act)
    return signed_in


def require_token(console: Console, request: Request, signed_in: SignedIn, in_form: str) -> None:
    """Raise FormRefused unless the form has the CSRF token of the session, in a field or in a header."""
    if not same(request.headers.get("x-csrf-token") or in_form, signed_in.session.csrf):
        console.deps.metrics.refused.labels("csrf").inc()
        raise FormRefused


def texts_in(form: FormData) -> dict[str, str]:
    """The fields of a form, without its files."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def posted(console: Console, request: Request, act: Act | None = None) -> tuple[SignedIn, dict[str, str]]:
    """Who sends a form, and its fields.

    Raises SignInFirst, FormRefused without the right Origin and CSRF token, and NotForYou where they may not do `act`.
    """
    signed_in = await sender_of(console, request, act)
    said = texts_in(await request.form())
    require_token(console, request, signed_in, said.pop("csrf", ""))
    return signed_in, said


def require(signed_in: SignedIn, act: Act) -> None:
    """Raise NotForYou unless somebody may do or see this."""
    if lacks := lacking(signed_in.viewer, act):
        raise NotForYou(signed_in, lacks)
    if act in OF_EVERYBODY and not signed_in.viewer.scope.sees_everybody:
        raise NotForYou(signed_in)


def file_text(said: Mapping[str, str], name: str = "text") -> str:
    """The text of a field of a form, with the line ends of a file."""
    return said.get(name, "").replace("\r\n", "\n").rstrip() + "\n"


def own_path(path: str) -> str:
    """A path of this console, `/` in place of one that leads elsewhere."""
    return path if re.fullmatch(r"/(?!/)[A-Za-z0-9/._~?&=%+:-]*", path) else "/"


def frame(console: Console, signed_in: SignedIn) -> dict[str, Any]:
    """What the frame around every page shows."""
    shown = {"theme": signed_in.session.theme, "session": signed_in.session, "switch_to": console.switch_to}
    listed = [page for page in console.pages if page.menu and may(signed_in.viewer, page.act)]
    return {"menu": _entries(listed), **shown}


def _entries(listed: Sequence[Page]) -> Mapping[str, Sequence[Page]]:
    """The entries of the menu with their pages: each page its own, or grouped where that would be too many."""
    entries: dict[str, list[Page]] = {}
    for page in listed:
        entries.setdefault(page.menu if len(listed) > MOST_ENTRIES else page.title, []).append(page)
    return entries


def html(signed_in: SignedIn, text: str, status: int = 200) -> Response:
    """A page for one reader, with their tokens in its forms."""
    return HTMLResponse(for_reader(text, signed_in.session.csrf), status)


def draft_page(signed_in: SignedIn, text: str, *, has_mistakes: bool) -> Response:
    """The page that answers a draft. The browser may keep it, so that "Back" leads to what was written.

    It names nobody. What answers a form and is not kept is asked for anew by "Back", with a page of the browser's own.
    """
    page = html(signed_in, text, 422 if has_mistakes else 200)
    page.headers["Cache-Control"] = "private, no-cache"
    return page


def message_page(console: Console, signed_in: SignedIn, title: str, text: str, status: int) -> Response:
    """A page in the frame that says one thing. `title` and `text` are already in the reader's language."""
    asked = console.page_request(signed_in, {})
    context = {**frame(console, signed_in), "page": None, "title": title, "text": text}
    return html(signed_in, render("message.html", asked, context), status)


def words_of(console: Console, request: Request) -> Words:
    """The words for somebody who may not be signed in: in the language that the browser asks for."""
    return words_in(language_of(request.headers.get("accept-language")), console.deps.settings.time_zone)


def plain_message(words: Words, title: str, text: str, status: int) -> Response:
    """A page without the frame that says one thing."""
    context = {"theme": "auto", "title": title, "text": text}
    return HTMLResponse(render_signed_out("signed_out_message.html", words, context), status)
