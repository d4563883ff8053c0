"""The routes of signing in and out, and of a reader's choices of language and theme."""

import logging
import secrets
from ipaddress import IPv4Address, ip_address, ip_network

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from streams.services.console.gate import Console, own_path, posted, words_of
from streams.services.console.list_marks import forget_mark
from streams.services.console.oidc import BACK, OidcFailed
from streams.services.console.oidc import COOKIE as OIDC_COOKIE
from streams.services.console.rendering import render_signed_out
from streams.services.console.rights import Viewer
from streams.services.console.signin import (
    COOKIE,
    FORM_COOKIE,
    THEMES,
    drop_cookie,
    is_language,
    is_own_origin,
    own_origin,
    same,
    set_cookie,
)

logger = logging.getLogger(__name__)
IPV6_NETWORK_BITS = 64
"""What a provider gives to one customer, who may then take any address of it."""


def signin_routes(console: Console) -> APIRouter:
    """The routes under `/signin`, `/signout` and `/choices`."""
    router = APIRouter()
    _add_token(router, console)
    _add_oidc(router, console)
    _add_session(router, console)
    return router


def _add_token(router: APIRouter, console: Console) -> None:
    deps = console.deps

    @router.get("/signin", response_class=HTMLResponse)
    async def form(request: Request) -> Response:
        return _form(console, request)

    @router.post("/signin", response_class=HTMLResponse)
    async def sign_in(request: Request) -> Response:
        said = await request.form()
        given = str(said.get("csrf", ""))
        if not is_own_origin(request, deps.settings.console_url) or not same(
            given, request.cookies.get(FORM_COOKIE, "")
        ):
            deps.metrics.refused.labels("csrf").inc()
            return _form(console, request, "csrf", 403)
        if not await console.sessions.may_try(_peer(request)):
            deps.metrics.signins.labels("token", "too_many").inc()
            return _form(console, request, "too_many", 429)
        viewer = deps.people.by_token(str(said.get("token", "")).strip())
        if viewer is None:
            deps.metrics.signins.labels("token", "unknown").inc()
            return _form(console, request, "unknown", 403)
        deps.metrics.signins.labels("token", "in").inc()
        await console.sessions.succeeded(_peer(request))
        return await begin(console, viewer)


def _add_oidc(router: APIRouter, console: Console) -> None:
    deps = console.deps

    @router.get("/signin/oidc")
    async def ask_provider(request: Request) -> Response:
        if deps.provider is None:
            raise HTTPException(404)
        try:
            url, cookie = await deps.provider.begin(own_origin(request, deps.settings.console_url))
        except OidcFailed as error:
            return _failed(console, request, error)
        response = RedirectResponse(url, 303)
        set_cookie(response, OIDC_COOKIE, cookie)
        return response

    @router.get(BACK)
    async def back_from_provider(request: Request, state: str = "", code: str = "") -> Response:
        if deps.provider is None:
            raise HTTPException(404)
        if not code:
            return _failed(console, request, OidcFailed("the answer has no code"))
        try:
            begun = await deps.provider.begun(request.cookies.get(OIDC_COOKIE, ""), state)
            if not await console.sessions.may_try(_peer(request)):  # what a page of another site sends is no try
                deps.metrics.signins.labels("oidc", "too_many").inc()
                return _form(console, request, "too_many", 429)
            origin = own_origin(request, deps.settings.console_url)
            viewer = deps.people.by_subject(await deps.provider.finish(origin, begun, code))
        except OidcFailed as error:
            return _failed(console, request, error)
        if viewer is None:
            deps.metrics.signins.labels("oidc", "unknown").inc()
            return _form(console, request, "unknown_subject", 403)
        deps.metrics.signins.labels("oidc", "in").inc()
        await console.sessions.succeeded(_peer(request))
        response = await begin(console, viewer)
        drop_cookie(response, OIDC_COOKIE)
        return response


def _add_session(router: APIRouter, console: Console) -> None:
    deps = console.deps

    @router.post("/signout")
    async def sign_out(request: Request) -> Response:
        signed_in, _ = await posted(console, request)
        await console.sessions.end(signed_in.id)
        console.uploads.end(signed_in.id)
        await deps.sendings.drop(signed_in.viewer.name)
        await forget_mark(deps.redis, signed_in.viewer.name)
        response = RedirectResponse("/signin", 303)
        drop_cookie(response, COOKIE)
        return response

    @router.post("/choices")
    async def choose(request: Request) -> Response:
        signed_in, said = await posted(console, request)
        changes = {name: said[name] for name in ("language", "theme") if said.get(name)}
        if changes.get("theme", "auto") not in THEMES or not is_language(changes.get("language", "en")):
            raise HTTPException(422)
        await console.sessions.change(signed_in, deps.wall(), changes)
        return RedirectResponse(own_path(said.get("back", "/")), 303)


async def begin(console: Console, viewer: Viewer) -> Response:
    """Sign somebody in, with a session whose id was never known before, and send them to their first page."""
    signed_in = await console.sessions.begin(viewer, console.deps.wall())
    response = RedirectResponse("/", 303)
    set_cookie(response, COOKIE, signed_in.id)
    drop_cookie(response, FORM_COOKIE)
    return response


def _peer(request: Request) -> str:
    """Whose tries are counted together: those of an address, an IPv6 network of 64 bits, or the machine itself.

    The address is a reader's where FORWARDED_ALLOW_IPS names the proxy.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_loopback:
        return "loopback"
    return host if isinstance(address, IPv4Address) else str(ip_network((address, IPV6_NETWORK_BITS), strict=False))


def _failed(console: Console, request: Request, error: OidcFailed) -> Response:
    console.deps.metrics.signins.labels("oidc", "failed").inc()
    logger.warning("signing in by the provider: %s", error)
    return _form(console, request, "failed", 502)


def _form(console: Console, request: Request, why: str = "", status: int = 200) -> Response:
    words = words_of(console, request)
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    context = {
        "csrf": token,
        "why": why,
        "has_people": bool(console.deps.people),
        "theme": "auto",
        "oidc": console.deps.provider is not None,
    }
    response = HTMLResponse(render_signed_out("signin.html", words, context), status)
    set_cookie(response, FORM_COOKIE, token)
    return response
