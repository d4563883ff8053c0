"""The ASGI application of the console: its pages, the stream of what changes on them, signing in and out.

`PAGES` is the one list of pages: routes, the menu, rights, streams and tests derive from it.
"""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from sinks.base import SinkUnavailable
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.live import Hub, Sent, age_of
from streams.services.console.page import Page, PageRequest
from streams.services.console.pages import status
from streams.services.console.rendering import CSRF_PLACE, render, render_signed_out
from streams.services.console.rights import may
from streams.services.console.security import with_headers
from streams.services.console.signin import (
    COOKIE,
    FORM_COOKIE,
    THEMES,
    Sessions,
    SignedIn,
    drop_cookie,
    is_language,
    is_own_origin,
    same,
    set_cookie,
)
from streams.services.console.words import Words, language_of

PAGES: tuple[Page, ...] = (*status.PAGES,)
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Console:
    """What all routes need: dependencies, the hub of live blocks, and sessions."""

    deps: ConsoleDependencies
    hub: Hub
    sessions: Sessions

    def page_request(self, signed_in: SignedIn, params: Mapping[str, str]) -> PageRequest:
        """The request of a viewer, at this moment."""
        viewer = signed_in.viewer
        words = Words(viewer.language, self.deps.settings.time_zone)
        return PageRequest(viewer, words, self.deps.clock(), params, self.deps)


class SignInFirst(Exception):
    """Nobody is signed in."""


def build_console(console: Console, pages: tuple[Page, ...] = PAGES) -> ASGIApp:
    """The application, complete but for its server. Connects to nothing."""
    app = FastAPI(title="Harmonia console", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for page in pages:
        _add_page(app, console, page, pages)
    _add_stream(app, console, pages)
    _add_signing_in(app, console, pages)

    @app.exception_handler(SignInFirst)
    async def sign_in_first(request: Request, _: SignInFirst) -> Response:
        if request.url.path == "/events":
            return Response(status_code=401)
        return RedirectResponse("/signin", 303)

    @app.exception_handler(FormRefused)
    async def form_refused(request: Request, _: FormRefused) -> Response:
        words = _words_of(console, request)
        text = words.text("This form did not come from a page of yours. Load the page again and send it once more.")
        return _message(words, words.text("Not sent"), text, 403)

    @app.exception_handler(SinkUnavailable)
    async def away(request: Request, _: SinkUnavailable) -> Response:
        words = _words_of(console, request)
        text = words.text("Redis does not answer, so nobody's session is known. Try again in a minute.")
        return _message(words, words.text("Not available now"), text, 503)

    @app.exception_handler(HTTPException)
    async def not_found(request: Request, error: HTTPException) -> Response:
        words = _words_of(console, request)
        text = words.text("There is nothing at this address, or nothing that you may see.")
        return _message(words, words.text("Not found"), text, error.status_code)

    return with_headers(app, console.deps.metrics)


async def signed_in_of(console: Console, request: Request) -> SignedIn:
    """Who sends a request. Raises SignInFirst, and SinkUnavailable where Redis does not answer."""
    found = await console.sessions.find(request.cookies.get(COOKIE, ""), console.deps.wall())
    if found is None:
        raise SignInFirst
    return found


def _add_page(app: FastAPI, console: Console, page: Page, pages: tuple[Page, ...]) -> None:
    @app.get(page.path, name=page.name, response_class=HTMLResponse)
    async def show(request: Request) -> Response:
        signed_in = await signed_in_of(console, request)
        if not may(signed_in.viewer, page.act):
            return _refused(console, signed_in, pages)
        asked = console.page_request(signed_in, _params(page, request))
        return HTMLResponse(await _page(console, page, asked, signed_in, pages))


async def _page(console: Console, page: Page, asked: PageRequest, signed_in: SignedIn, pages: tuple[Page, ...]) -> str:
    blocks = [(block, await console.hub.block(page, block, asked)) for block in page.blocks]
    shown = [(block, rendered, age_of(block, rendered, asked)) for block, rendered in blocks]
    query = "&".join(f"{name}={value}" for name, value in {"page": page.name, **asked.params}.items())
    context = {**_frame(signed_in, pages), "page": page, "shown": shown, "events": f"/events?{query}"}
    return render(page.template, asked, context).replace(CSRF_PLACE, signed_in.session.csrf)


def _frame(signed_in: SignedIn, pages: tuple[Page, ...]) -> dict[str, Any]:
    """What the frame around every page shows."""
    menu = [page for page in pages if page.in_menu and may(signed_in.viewer, page.act)]
    return {"menu": menu, "theme": signed_in.session.theme, "session": signed_in.session}


def _refused(console: Console, signed_in: SignedIn, pages: tuple[Page, ...]) -> Response:
    console.deps.metrics.refused.labels("act").inc()
    asked = console.page_request(signed_in, {})
    text = asked.words.text("None of your roles may see this page. Whoever keeps the file of people can change that.")
    context = {**_frame(signed_in, pages), "page": None, "title": asked.words.text("Not for your roles"), "text": text}
    return HTMLResponse(render("message.html", asked, context).replace(CSRF_PLACE, signed_in.session.csrf), 403)


def _params(page: Page, request: Request) -> dict[str, str]:
    """The parameters of a page that are given and of the characters that they may have. Raises HTTPException 404."""
    given = {**request.query_params, **request.path_params}
    params = {name: given[name] for name in page.params if given.get(name)}
    for name, value in params.items():
        if not re.fullmatch(page.params[name], value):
            raise HTTPException(404)
    return params


def _add_stream(app: FastAPI, console: Console, pages: tuple[Page, ...]) -> None:
    named = {page.name: page for page in pages}

    @app.get("/events", response_class=Response)
    async def events(request: Request, page: str) -> Response:
        signed_in = await signed_in_of(console, request)
        if page not in named or not may(signed_in.viewer, named[page].act):
            raise HTTPException(404)
        params = _params(named[page], request)
        return EventSourceResponse(
            _stream(console, named[page], signed_in, params),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


SESSION_CHECK_MS = 10_000


async def _stream(console: Console, page: Page, signed_in: SignedIn, params: Mapping[str, str]) -> AsyncIterator[bytes]:
    """The events of an open page, until it is closed, the session ends, or the console does."""
    sent = Sent()
    checked = console.deps.wall()
    with console.deps.metrics.streams.track_inprogress():
        while True:
            asked = console.page_request(signed_in, params)
            async for change in console.hub.changes(page, asked, sent):
                html = change.data.replace(CSRF_PLACE, signed_in.session.csrf)
                yield format_sse_event(data_str=html, event=change.event or None)
            if not await console.hub.wait():
                return
            if console.deps.wall() - checked >= SESSION_CHECK_MS:
                checked = console.deps.wall()
                found = await console.sessions.find(signed_in.id, checked)
                if found is None:
                    yield format_sse_event(data_str="", event="signed-out")
                    return
                signed_in = found


def _add_signing_in(app: FastAPI, console: Console, pages: tuple[Page, ...]) -> None:
    deps = console.deps

    @app.get("/", response_class=HTMLResponse)
    async def home(request: Request) -> Response:
        signed_in = await signed_in_of(console, request)
        first = next((page for page in pages if page.in_menu and may(signed_in.viewer, page.act)), None)
        return RedirectResponse(first.path, 303) if first else _refused(console, signed_in, pages)

    @app.get("/signin", response_class=HTMLResponse)
    async def form(request: Request) -> Response:
        return _sign_in_form(console, request)

    @app.post("/signin", response_class=HTMLResponse)
    async def sign_in(request: Request) -> Response:
        said = await request.form()
        if not is_own_origin(request, deps.settings.console_url) or not same(
            str(said.get("csrf", "")), request.cookies.get(FORM_COOKIE, "")
        ):
            return _sign_in_form(console, request, "csrf", 403)
        who = request.client.host if request.client else ""
        if not await console.sessions.may_try(who):
            deps.metrics.signins.labels("token", "too_many").inc()
            return _sign_in_form(console, request, "too_many", 429)
        viewer = deps.people.by_token(str(said.get("token", "")).strip())
        if viewer is None:
            deps.metrics.signins.labels("token", "unknown").inc()
            return _sign_in_form(console, request, "unknown", 403)
        deps.metrics.signins.labels("token", "in").inc()
        signed_in = await console.sessions.begin(viewer, deps.wall())
        response = RedirectResponse("/", 303)
        set_cookie(response, COOKIE, signed_in.id)
        drop_cookie(response, FORM_COOKIE)
        return response

    @app.post("/signout")
    async def sign_out(request: Request) -> Response:
        signed_in, _ = await posted(console, request)
        await console.sessions.end(signed_in.id)
        response = RedirectResponse("/signin", 303)
        drop_cookie(response, COOKIE)
        return response

    @app.post("/choices")
    async def choose(request: Request) -> Response:
        signed_in, said = await posted(console, request)
        changes = {name: said[name] for name in ("language", "theme") if said.get(name)}
        if changes.get("theme", "auto") not in THEMES or not is_language(changes.get("language", "en")):
            raise HTTPException(422)
        await console.sessions.change(signed_in, deps.wall(), changes)
        return RedirectResponse(_own_path(said.get("back", "/")), 303)


def _own_path(path: str) -> str:
    """A path of this console, and of no other host."""
    return path if re.fullmatch(r"/(?!/)[A-Za-z0-9/._~?&=%+:-]*", path) else "/"


class FormRefused(Exception):
    """A form that did not come from a page of this console."""


async def posted(console: Console, request: Request) -> tuple[SignedIn, dict[str, str]]:
    """Who sends a form, and its fields. Raises SignInFirst, or FormRefused without the right Origin and CSRF token."""
    signed_in = await signed_in_of(console, request)
    if not is_own_origin(request, console.deps.settings.console_url):
        console.deps.metrics.refused.labels("origin").inc()
        raise FormRefused
    said = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    given = request.headers.get("x-csrf-token") or said.pop("csrf", "")
    if not same(given, signed_in.session.csrf):
        console.deps.metrics.refused.labels("csrf").inc()
        raise FormRefused
    return signed_in, said


def _words_of(console: Console, request: Request) -> Words:
    """The words for somebody who may not be signed in."""
    return Words(language_of(request.headers.get("accept-language")), console.deps.settings.time_zone)


def _message(words: Words, title: str, text: str, status: int) -> Response:
    context = {"theme": "auto", "title": title, "text": text}
    return HTMLResponse(render_signed_out("signed_out_message.html", words, context), status)


def _sign_in_form(console: Console, request: Request, why: str = "", status: int = 200) -> Response:
    words = _words_of(console, request)
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    context = {"csrf": token, "why": why, "has_people": bool(console.deps.people), "theme": "auto"}
    response = HTMLResponse(render_signed_out("signin.html", words, context), status)
    set_cookie(response, FORM_COOKIE, token)
    return response
