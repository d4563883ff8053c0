"""The route of all acts: who sends it, whether it was sent before, may it be done, written down, done, and told.

Nothing is sent before it is in `audit-log`, and each form is done once; one by which nothing was done may be sent
again. Whatever fails on the way, the answer says which of three holds: done, not done, or do not rely on it.
"""

import asyncio
import hashlib
import logging
import re
import tempfile
from collections.abc import Mapping
from typing import BinaryIO
from urllib.parse import quote
from weakref import WeakValueDictionary

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from events.console_acts import ConsoleAct
from sinks.base import SinkUnavailable
from streams.services.console.acting.handlers import HANDLERS
from streams.services.console.acting.once import Once, name_of
from streams.services.console.acting.request import ActRequest, Handler
from streams.services.console.acting.uploads import Uploads
from streams.services.console.acts import ACT_SPECS, UPLOAD, ActSpec
from streams.services.console.desk_access import TooSlow
from streams.services.console.gate import Console, FormRefused, NotForYou, frame, html, posted, texts_in
from streams.services.console.live import why_withheld
from streams.services.console.outcomes import BROKEN_OFF, NOT_AUDITED, REDIS_AWAY, Outcome, not_done
from streams.services.console.page import PageRefused, Withheld
from streams.services.console.rendering import render
from streams.services.console.signin import SignedIn
from streams.services.permission.audit_log import AuditUnavailable

logger = logging.getLogger(__name__)
_PIECE = 1 << 20
_SIGNS = 0xE000
"""The first of the characters that Unicode gives no meaning: no text has them, and no id is part of one."""
_is_key = re.compile(r"[A-Za-z0-9_-]{16,64}").fullmatch


def routes(console: Console) -> APIRouter:
    """The routes of all acts."""
    return routes_of(console, HANDLERS)


def routes_of(console: Console, handlers: Mapping[ConsoleAct, Handler]) -> APIRouter:
    """The routes of acts that are done by these functions."""
    router = APIRouter()
    doing = _Doing(console)
    for spec in ACT_SPECS:
        if spec.id in handlers:
            add = _add_upload if spec.path == UPLOAD else _add
            add(router, doing, spec, handlers[spec.id])
    return router


def _add(router: APIRouter, doing: "_Doing", spec: ActSpec, handler: Handler) -> None:
    @router.post(spec.path, name=spec.id)
    async def act(request: Request) -> Response:
        signed_in, said = await posted(doing.console, request, spec.id)
        return await doing.answer(ActRequest(doing.console, signed_in, spec, said), _key_of(said), handler)


def _add_upload(router: APIRouter, doing: "_Doing", spec: ActSpec, handler: Handler) -> None:
    uploads = Uploads(doing.console)

    @router.post(spec.path, name=spec.id)
    async def act(request: Request) -> Response:
        signed_in, form = await uploads.posted(request, spec)
        if isinstance(form, Outcome):
            return outcome_page(doing.console, signed_in, form)
        said = texts_in(form)
        said.pop("csrf", "")
        asked = ActRequest(doing.console, signed_in, spec, said, _upload_of(form))
        return await doing.answer(asked, _key_of(said), handler)


def _key_of(said: dict[str, str]) -> str:
    """The key by which a form is done once, taken out of its fields. Raises FormRefused without one."""
    key = said.pop("once", "")
    if not _is_key(key):
        raise FormRefused
    return key


def _upload_of(form: FormData) -> BinaryIO | None:
    """The file of a form, which has no name on the disk; None where none was chosen."""
    found = form.get("list")
    if not isinstance(found, UploadFile) or not found.size:
        return None
    if isinstance(found.file, tempfile.SpooledTemporaryFile):
        found.file.rollover()
    return found.file


def _digest(upload: BinaryIO) -> str:
    """What tells a file from another that is sent with the same form."""
    upload.seek(0)
    digest = hashlib.sha256()
    while piece := upload.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


class _Doing:
    """Does acts, one at a time about one thing."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._once = Once(console.deps.redis)
        self._locks: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    async def answer(self, asked: ActRequest, key: str, handler: Handler) -> Response:
        if asked.spec.gives_a_file:
            return self._told(asked, await self._locked(asked, handler))
        said = {**asked.said, "list": await asyncio.to_thread(_digest, asked.upload)} if asked.upload else asked.said
        name = name_of(asked.signed_in.id, key, asked.spec.id, said)
        known = await self._once.begin(name, asked.deps.wall())
        found: Outcome | Response | None = None if known is None else told_again(known, asked)
        if found is None:
            try:
                found = await self._locked(asked, handler)
            except Exception:  # one that is cancelled may have been sent, and stays as begun
                await self._once.forget(name)
                raise
            if isinstance(found, Outcome):
                await self._remember(name, found, asked)
        return self._told(asked, found)

    async def _remember(self, name: str, outcome: Outcome, asked: ActRequest) -> None:
        """Keep what became of an act. Where nothing was done nothing is kept: the same form is a new try."""
        if outcome.kind == "not_done":
            await self._once.forget(name)
        else:
            await self._once.ended(name, asked.deps.wall(), kept(outcome, asked))

    async def _locked(self, asked: ActRequest, handler: Handler) -> Outcome | Response:
        """Do it. Raises NotForYou, and then nothing was done."""
        if asked.spec.waits_for_effect_alone or asked.spec.gives_a_file:  # which changes nothing that others change
            found = await _done(asked, handler)
        else:
            thing = asked.spec.about, *sorted(asked.said.get(field, "") for field in asked.spec.subject)
            lock = self._locks.setdefault(thing, asyncio.Lock())
            async with lock:
                found = await _done(asked, handler)
        if isinstance(found, Outcome) and found.to == "/" and found.status not in (404, 410):
            found = msgspec.structs.replace(found, to=_page_of(asked))
        asked.deps.metrics.acts.labels(asked.spec.id, found.kind if isinstance(found, Outcome) else "done").inc()
        self.console.hub.changed()
        return found

    def _told(self, asked: ActRequest, found: Outcome | Response) -> Response:
        if isinstance(found, Response):
            return found
        if found.is_shown_there:
            return RedirectResponse(found.to, 303)
        return outcome_page(self.console, asked.signed_in, found)


def kept(outcome: Outcome, asked: ActRequest) -> Outcome:
    """An outcome as it may be kept: signs of no language stand in it for what the act is about, not its ids."""
    for value, sign, quoted_sign in _about(asked):
        outcome = _with(_with(outcome, quote(value, safe=""), quoted_sign), value, sign)
    return outcome


def told_again(outcome: Outcome, asked: ActRequest) -> Outcome:
    """The outcome that was kept, with what the act is about."""
    for value, sign, quoted_sign in reversed(_about(asked)):
        outcome = _with(_with(outcome, sign, value), quoted_sign, quote(value, safe=""))
    return outcome


def _about(asked: ActRequest) -> list[tuple[str, str, str]]:
    """What an act is about: each value, with its sign, and that of it as it stands in a path."""
    fields = enumerate(field for field in asked.spec.subject if asked.said.get(field))
    return [(asked.said[field], chr(_SIGNS + 2 * place), chr(_SIGNS + 2 * place + 1)) for place, field in fields]


def _page_of(asked: ActRequest) -> str:
    """Where one can see how that stands which an act is about."""
    return asked.spec.page.format_map(
        {field: quote(asked.said.get(field, ""), safe="") for field in asked.spec.subject}
    )


def _with(outcome: Outcome, found: str, put: str) -> Outcome:
    fields = {name: one.replace(found, put) if isinstance(one, str) else one for name, one in outcome.fields.items()}
    return msgspec.structs.replace(outcome, to=outcome.to.replace(found, put), fields=fields)


async def _done(asked: ActRequest, handler: Handler) -> Outcome | Response:
    try:
        ready = await handler(asked)
        if isinstance(ready, Outcome):
            return ready
        await asked.deps.views.acted(asked.viewer, asked.spec.id, ready.audited, asked.signed_in.session.reason)
    except NotForYou:
        raise
    except PageRefused as why:
        return Outcome("not_done", why.title, why.text, status=why.status)
    except Withheld as why:
        return not_done("Not available now", "{why}", status=503, why=why_withheld(why, asked.page().words))
    except SinkUnavailable:
        return REDIS_AWAY
    except TooSlow:
        return not_done("Nothing was done", "The desk takes too long to answer. Try again in a minute.", status=503)
    except AuditUnavailable:
        asked.deps.metrics.refused.labels("audit").inc()
        return NOT_AUDITED
    try:
        return await ready.perform()
    except Exception as error:
        logger.exception("an act broke off: %s (%s)", asked.spec.id, type(error).__name__)
        return BROKEN_OFF


def outcome_page(console: Console, signed_in: SignedIn, outcome: Outcome) -> Response:
    """The page that says what became of an act."""
    asked = console.page_request(signed_in, {})
    context = {**frame(console, signed_in), "page": None, "outcome": outcome}
    return html(signed_in, render("outcome.html", asked, context), outcome.status)
