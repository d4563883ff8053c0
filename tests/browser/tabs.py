"""Tabs of one window of Chromium, as people have them: all but the one in front are hidden.

Playwright lets every page believe that it is in front, so this speaks the browser's own protocol.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_S = 240.0
LOOK_AGAIN_S = 0.1


class NoPage(Exception):
    """The protocol has no answer: between two pages there is nothing that could be asked."""


class Tab:
    """One tab; `session`: its name in the protocol."""

    def __init__(self, window: "Window", target: str, session: str) -> None:
        self._window = window
        self._target = target
        self._session = session

    async def do(self, script: str) -> Any:
        """The value of a script in the tab; of a promise, once it is there."""
        said = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = await self._window.ask("Runtime.evaluate", said, self._session)
        if "exceptionDetails" in answer:
            raise NoPage(answer["exceptionDetails"])
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until a script says true; a page that is just being left or loaded says nothing."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self._says(script):  # noqa: ASYNC110 (nobody is told when a page is as it should be)
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _says(self, script: str) -> bool:
        try:
            return bool(await self.do(script))
        except NoPage:
            return False

    async def bring_to_front(self) -> None:
        """Hide all others."""
        await self._window.ask("Target.activateTarget", {"targetId": self._target})


class Window:
    """A window of a running browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Hand answers to who has asked."""
        async for message in self._socket:
            told = json.loads(message.data)
            waiting = self._waiting.pop(told.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(told)

    async def ask(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """The answer of the protocol."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        said: dict[str, Any] = {"id": number, "method": method, "params": params}
        await self._socket.send_json(said | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(PATIENCE_S):
            told = await self._waiting[number]
        if "error" in told:
            raise NoPage(method, told["error"])
        result: dict[str, Any] = told["result"]
        return result

    async def open(self, url: str) -> Tab:
        """A new tab, in front of all others."""
        target = (await self.ask("Target.createTarget", {"url": url}))["targetId"]
        attached = await self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        tab = Tab(self, target, attached["sessionId"])
        await tab.bring_to_front()
        return tab


@asynccontextmanager
async def window(chromium: str, folder: Path) -> AsyncIterator[Window]:
    """A window of a new browser for the length of a block."""
    process = await asyncio.create_subprocess_exec(
        *(chromium, "--headless=new", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={folder}"),
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            address = ""
            while not address:
                line = (await process.stderr.readline()).decode()
                assert line, "the browser has ended"
                address = line.partition("DevTools listening on ")[2].strip()
        async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
            opened = Window(socket)
            listening = asyncio.create_task(opened.listen())
            yield opened
            listening.cancel()
    finally:
        process.kill()
        await process.wait()
