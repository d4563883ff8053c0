"""Reads forms with a list that somebody uploads: into a file without a name, once it is known that they may send one.

A list fills a disk where a form does not. So session, Origin and right are looked at before the first byte of the body,
and the CSRF token, which the page puts before the list, before the body is longer than any other form. Each person
sends one list at a time, and has to be done with it in time; whoever signs out ends what they send.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from fastapi import Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from streams.services.console.acts import ActSpec
from streams.services.console.gate import Console, FormRefused, require_token, sender_of, signed_in_of, texts_in
from streams.services.console.outcomes import Outcome, not_done
from streams.services.console.security import MOST_BYTES, is_upload
from streams.services.console.signin import SignedIn

LIMIT_S = 600.0
"""Seconds in which a list has to be here: of 512 MB that is 7 Mbit/s."""
_MOST_FIELDS = 20


class Uploads:
    """Reads the lists that come to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running = console.uploads

    async def posted(self, request: Request, spec: ActSpec) -> tuple[SignedIn, FormData | Outcome]:
        """Who sends a form, and the form, or why it was not read to its end.

        Raises as `gate.posted`, also where the session has ended meanwhile.
        """
        signed_in = await sender_of(self._console, request, spec.id)
        name = signed_in.viewer.name
        if self._running.is_sending(name):
            return signed_in, not_done(
                "Nothing was done", "Another list of yours is being read. Wait until it is here.", spec.page, 429
            )
        try:
            async with asyncio.timeout(LIMIT_S) as limit:
                with self._running.note(name, signed_in.id, limit):
                    form = await self._form(request, signed_in)
        except (TimeoutError, ClientDisconnect):
            await signed_in_of(self._console, request)
            return signed_in, not_done(
                "Nothing was done",
                "The list took longer than {n} minutes to come here. Send it again over a faster line, or as XLSX.",
                spec.page,
                408,
                n=round(LIMIT_S / 60),
            )
        return await sender_of(self._console, request, spec.id), form

    async def _form(self, request: Request, signed_in: SignedIn) -> FormData:
        def require_it(form: FormData) -> None:
            require_token(self._console, request, signed_in, texts_in(form).get("csrf", ""))

        if not is_upload(request.scope):
            form = await request.form()
            require_it(form)
            return form
        try:
            return await _parsed(request, require_it)
        except MultiPartException:
            raise FormRefused from None


async def _parsed(request: Request, require_token_in: Callable[[FormData], None]) -> FormData:
    """The form of a body, of which no more is read than any form may have before its token is there."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        read, is_checked = 0, False
        async for piece in request.stream():
            yield piece
            read += len(piece)
            if read > MOST_BYTES and not is_checked:
                require_token_in(FormData(parser.items))
                is_checked = True

    parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=MOST_BYTES)
    form = await parser.parse()
    require_token_in(form)
    return form
