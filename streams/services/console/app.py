"""The ASGI application of the console: its pages, and the stream of what changes on them.

`PAGES` is the one list of pages: routes, the menu, rights, streams and tests derive from it. `ROUTES` answer forms.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from sinks.base import SinkUnavailable
from streams.services.console import segment_builder
from streams.services.console.acting import route as acting
from streams.services.console.desk_access import TooSlow
from streams.services.console.gate import (
    Console,
    FormRefused,
    NotForYou,
    SignInFirst,
    frame,
    html,
    message_page,
    plain_message,
    require,
    signed_in_of,
    words_of,
)
from streams.services.console.live import Sent, age_of, why_withheld
from streams.services.console.page import Elsewhere, Page, PageRefused, PageRequest, Withheld
from streams.services.console.pages import (
    alerted_people,
    campaigns,
    days,
    deliveries,
    duplicates,
    experiment_plans,
    experiments,
    field,
    letters,
    money,
    people,
    person,
    person_acts,
    person_alerts,
    person_segments,
    policy,
    privacy,
    requests,
    runs,
    segment_members,
    segments,
    send,
    status,
    tonight,
)
from streams.services.console.rendering import for_reader, render
from streams.services.console.rights import may
from streams.services.console.security import with_headers
from streams.services.console.signin import SignedIn, has_ended
from streams.services.console.signin_routes import signin_routes
from streams.services.console.static_files import add_static_files
from streams.services.permission.audit_log import AuditUnavailable

PAGES: tuple[Page, ...] = (
    *tonight.PAGES,
    *campaigns.PAGES,
    *field.PAGES,
    *money.PAGES,
    *experiments.PAGES,
    *experiment_plans.PAGES,
    *days.PAGES,
    *duplicates.PAGES,
    *people.PAGES,
    *person.PAGES,
    *person_acts.PAGES,
    *person_segments.PAGES,
    *segments.PAGES,
    *segment_members.PAGES,
    *send.PAGES,
    *person_alerts.PAGES,
    *alerted_people.PAGES,
    *policy.PAGES,
    *letters.PAGES,
    *privacy.PAGES,
    *requests.PAGES,
    *status.PAGES,
    *deliveries.PAGES,
)
ROUTES: tuple[Callable[[Console], APIRouter], ...] = (
    signin_routes,
    people.routes,
    money.routes,
    runs.routes,
    letters.routes,
    policy.routes,
    experiment_plans.routes,
    privacy.routes,
    segment_builder.routes,
    send.routes,
    acting.routes,
)
SESSION_CHECK_MS = 10_000


def build_console(console: Console, routes: tuple[Callable[[Console], APIRouter], ...] = ROUTES) -> ASGIApp:
    """The application, complete but for its server. Connects to nothing."""
    return with_headers(app_of(console, routes), console.deps.metrics, console.deps.settings.console_url)


def app_of(console: Console, routes: tuple[Callable[[Console], APIRouter], ...] = ROUTES) -> FastAPI:
    """All routes, without what each answer gets."""
    app = FastAPI(title="Harmonia console", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    add_static_files(app)
    for page in console.pages:
        _add_page(app, console, page)
    for each in routes:
        app.include_router(each(console))
    _add_stream(app, console)
    _add_refusals(app, console)
    return app


def _add_page(app: FastAPI, console: Console, page: Page) -> None:
    @app.get(page.path, name=page.name, response_class=HTMLResponse)
    async def show(request: Request) -> Response:
        with console.hub.pace.page():
            return await shown(request)

    async def shown(request: Request) -> Response:
        signed_in = await signed_in_of(console, request)
        try:
            asked = await _entered(console, page, signed_in, request)
        except Elsewhere as other:
            return RedirectResponse(other.path, 303)
        except PageRefused as why:
            words = console.page_request(signed_in, {}).words
            return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)
        except Withheld as why:
            words = console.page_request(signed_in, {}).words
            return message_page(console, signed_in, words.text("Not available now"), why_withheld(why, words), 503)
        return html(signed_in, await _page(console, page, asked, signed_in))


async def _entered(console: Console, page: Page, signed_in: SignedIn, request: Request) -> PageRequest:
    """The request of a page by somebody who may see it. Raises NotForYou, PageRefused or Elsewhere."""
    require(signed_in, page.act)
    asked = console.page_request(signed_in, _params(page, request))
    for name, kind in page.within.items():
        if name in asked.params and not signed_in.viewer.scope.has(kind, asked.params[name]):
            console.deps.metrics.refused.labels("scope").inc()
            await console.deps.views.out_of_scope(signed_in.viewer, f"{page.name} {asked.params[name]}")
            raise PageRefused.not_found()
    return asked if page.enter is None else replace(asked, subject=await page.enter(asked))


async def _page(console: Console, page: Page, asked: PageRequest, signed_in: SignedIn) -> str:
    rendered = await asyncio.gather(*(console.hub.block(page, block, asked) for block in page.blocks))
    shown = [(block, each, age_of(block, each, asked)) for block, each in zip(page.blocks, rendered, strict=True)]
    events = f"/events?{urlencode({'page': page.name, **asked.params})}"
    context = {**frame(console, signed_in), "page": page, "shown": shown, "events": events, "subject": asked.subject}
    return render(page.template, asked, context)


def _params(page: Page, request: Request) -> dict[str, str]:
    """The parameters of a page that are given. Raises PageRefused for one that does not have the form of its values."""
    given = {**request.query_params, **request.path_params}
    params = {name: given[name] for name in page.params if given.get(name)}
    for name, value in params.items():
        if not re.fullmatch(page.params[name], value):
            raise PageRefused.not_found()
    return params


def _add_stream(app: FastAPI, console: Console) -> None:
    named = {page.name: page for page in console.pages}

    @app.get("/events", response_class=Response)
    async def events(request: Request, page: str) -> Response:
        signed_in = await signed_in_of(console, request)
        if page not in named:
            raise HTTPException(404)
        try:
            asked = await _entered(console, named[page], signed_in, request)
        except (NotForYou, PageRefused, Elsewhere):
            raise HTTPException(404) from None
        except Withheld:
            return Response(status_code=503)
        stream = _stream(console, named[page], signed_in, asked)
        return EventSourceResponse(stream, headers={"X-Accel-Buffering": "no"})


async def _stream(console: Console, page: Page, signed_in: SignedIn, entered: PageRequest) -> AsyncIterator[bytes]:
    """The events of an open page, until it is closed, the session ends, or the console does."""
    with console.hub.streams.one_more(signed_in.id) as is_admitted:
        if is_admitted:
            async with aclosing(_events(console, page, signed_in, entered)) as events:
                async for event in events:
                    yield event
        else:
            console.deps.metrics.refused.labels("streams").inc()
            own, every = console.hub.streams.of_one, console.hub.streams.of_all
            text = entered.words.text(
                "not live: too many pages are open, {own} of yours or {every} of everybody's. Close some.",
                own=own,
                every=every,
            )
            yield format_sse_event(data_str=text, event="full")


async def _events(
    console: Console, page: Page, signed_in: SignedIn, entered: PageRequest
) -> AsyncGenerator[bytes, None]:
    sent = Sent()
    checked = console.deps.wall()
    with console.deps.metrics.streams.track_inprogress():
        while True:
            asked = replace(console.page_request(signed_in, entered.params), subject=entered.subject)
            async for change in console.hub.changes(page, asked, sent):
                text = for_reader(change.data, signed_in.session.csrf)
                yield format_sse_event(data_str=text, event=change.event or None)
            if not await console.hub.wait():
                return
            if console.deps.wall() - checked >= SESSION_CHECK_MS:
                checked = console.deps.wall()
                found = await _still(console, signed_in, page)
                if found is None:
                    yield format_sse_event(data_str="signed out", event="signed-out")
                    return
                signed_in = found


async def _still(console: Console, signed_in: SignedIn, page: Page) -> SignedIn | None:
    """The session, None where it has ended or may not see the page any more.

    While Redis is away it is as it was, for as long as a session may last.
    """
    now_ms = console.deps.wall()
    try:
        found = await console.sessions.find(signed_in.id, now_ms)
    except SinkUnavailable:
        return None if has_ended(signed_in.session, now_ms) else signed_in
    return found if found is not None and may(found.viewer, page.act) else None


def _add_refusals(app: FastAPI, console: Console) -> None:
    @app.exception_handler(SignInFirst)
    async def sign_in_first(request: Request, _: SignInFirst) -> Response:
        if request.url.path == "/events":
            return Response(status_code=401)
        return RedirectResponse("/signin", 303)

    @app.exception_handler(NotForYou)
    async def not_for_you(_: Request, refused: NotForYou) -> Response:
        console.deps.metrics.refused.labels("act").inc()
        words = console.page_request(refused.signed_in, {}).words
        why = PageRefused.not_allowed(refused.lacks)
        return message_page(console, refused.signed_in, words.text(why.title), words.text(why.text), 403)

    @app.exception_handler(FormRefused)
    async def form_refused(request: Request, _: FormRefused) -> Response:
        words = words_of(console, request)
        text = words.text("This form did not come from a page of yours. Load the page again and send it once more.")
        return plain_message(words, words.text("Not sent"), text, 403)

    @app.exception_handler(AuditUnavailable)
    async def not_audited(request: Request, _: AuditUnavailable) -> Response:
        console.deps.metrics.refused.labels("audit").inc()
        words = words_of(console, request)
        text = words.text("Kafka cannot write down who looked, so nothing is shown. Try again in a minute.")
        return plain_message(words, words.text("Not available now"), text, 503)

    @app.exception_handler(SinkUnavailable)
    async def away(request: Request, _: SinkUnavailable) -> Response:
        words = words_of(console, request)
        text = words.text("Redis does not answer, so nobody's session is known. Try again in a minute.")
        return plain_message(words, words.text("Not available now"), text, 503)

    @app.exception_handler(TooSlow)
    async def too_slow(request: Request, _: TooSlow) -> Response:
        words = words_of(console, request)
        text = words.text("The desk takes too long to answer. Try again in a minute.")
        return plain_message(words, words.text("Not available now"), text, 503)

    @app.exception_handler(Exception)
    async def broken(request: Request, _: Exception) -> Response:
        words = words_of(console, request)
        text = words.text("Something went wrong here. Try again, and tell whoever is on call.")
        return plain_message(words, words.text("Not available now"), text, 500)

    @app.exception_handler(HTTPException)
    async def not_found(request: Request, error: HTTPException) -> Response:
        words = words_of(console, request)
        text = words.text("There is nothing at this address, or nothing that you may see.")
        return plain_message(words, words.text("Not found"), text, error.status_code)
