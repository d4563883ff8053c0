"""A receiver of webhooks that misbehaves as it is told, and keeps what it was sent and what it has acknowledged.

It has a certificate of an authority of its own, an address of its own, and one of the ports that are allowed.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import trustme
from aiohttp import web
from standardwebhooks import Webhook

PORT = 8443
Manner = Literal["well", "error", "busy", "drop", "lose", "hang", "refuse", "close"]
"""How a request is met. `drop`: the connection is closed before anything is done; `lose`: it is taken, and the answer
is lost; `hang`: no answer comes; `close`: 410, no more is wanted."""

_REFUSALS: dict[str, tuple[int, dict[str, str]]] = {
    "error": (500, {}),
    "busy": (429, {"Retry-After": "1"}),
    "refuse": (404, {}),
    "close": (410, {}),
}


class Acknowledged(NamedTuple):
    """A delivery that was taken, in the order in which they were."""

    id: str
    message: dict[str, Any]


class Receiver:
    """`manner`: how a request is met, by its id, what it says, and how often it was sent before. No `secret`: Slack.

    `hanging`: how many requests have no answer now.
    """

    def __init__(self, secret: str, manner: Callable[[str, dict[str, Any], int], Manner]) -> None:
        self._webhook = Webhook(secret) if secret else None
        self.manner = manner
        self.taken: list[Acknowledged] = []
        self.sent: dict[str, int] = {}
        self.trouble: list[str] = []
        self.hanging = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body, id_ = await request.read(), request.headers.get("webhook-id", "")
        try:
            if self._webhook is not None:
                self._webhook.verify(body, dict(request.headers))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.trouble.append(repr(error))
        message = json.loads(body)
        before = self.sent.get(id_, 0)
        self.sent[id_] = before + 1
        match self.manner(id_, message, before):
            case "error" | "busy" | "refuse" | "close" as refusal:
                status, headers = _REFUSALS[refusal]
                return web.Response(status=status, headers=headers)
            case "hang":
                self.hanging += 1
                try:
                    await asyncio.Event().wait()  # until whoever asks has given up
                finally:
                    self.hanging -= 1
            case "drop":
                _cut(request)
            case "lose":
                self.taken.append(Acknowledged(id_, message))
                _cut(request)
            case "well":
                self.taken.append(Acknowledged(id_, message))
        return web.Response()


@contextmanager
def listening(receivers: dict[str, Receiver], trusted: Path) -> Iterator[None]:
    """The receivers at their addresses for the length of a block; `trusted` is written: whom to trust for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(trusted)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[web.AppRunner]:
        runners = []
        for address, receiver in receivers.items():
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(address).configure_cert(context)
            app = web.Application()
            app.router.add_post("/hook", receiver.answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
            await runner.setup()
            await web.TCPSite(runner, address, PORT, ssl_context=context).start()
            runners.append(runner)
        return runners

    async def stop(runners: list[web.AppRunner]) -> None:
        for runner in runners:
            await runner.cleanup()

    runners = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(runners), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
