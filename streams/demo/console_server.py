"""The console of the demo: `harmonia console` with sign-in links, a role switcher and a clock that stands.

A process of its own, `python -m streams.demo.console_server LINKS DESK`, with the directory of links and the file of
the desk; it listens on loopback only. No setting of `harmonia console` leads here: nobody can switch this on elsewhere.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from streams.demo.cast import CAST, FIRST, use_link
from streams.local.server import HOST
from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_reading import latest_event_ms
from streams.services.console.gate import Console, plain_message, posted, words_of
from streams.services.console.server import Extras, serve
from streams.services.console.signin_routes import begin
from streams.worker.app import wall_clock

USED = "A link of the demo signs in once. Press Enter where the demo runs to get another one."


class DemoClock:
    """The time of the latest event that the desk knows and that is no command, ms since 1970; the wall's without one.

    So a stop that is given in the demo, which is of the wall's time, does not move it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._desk: Desk | None = None

    def __call__(self) -> int:
        """What time it is in the demo."""
        try:
            self._desk = self._desk or Desk.open(self._path)
        except DeskMissing:
            return wall_clock()
        return latest_event_ms(self._desk) or wall_clock()


def demo_routes(links: Path) -> Callable[[Console], APIRouter]:
    """The routes `/enter/{token}`, which a link leads to, and `/switch`, by which a reader is somebody else."""

    def routes(console: Console) -> APIRouter:
        router = APIRouter()

        @router.get("/enter/{token}", response_class=HTMLResponse)
        async def enter(request: Request, token: str) -> Response:
            viewer = console.deps.people.named(FIRST)
            if viewer is None or not use_link(links, token):
                words = words_of(console, request)
                text = words.text(
                    "A link of the demo signs in once. Press Enter where the demo runs to get another one."
                )
                return plain_message(words, words.text("This link was used"), text, 403)
            return await begin(console, viewer)

        @router.post("/switch")
        async def switch(request: Request) -> Response:
            signed_in, said = await posted(console, request)
            viewer = console.deps.people.named(said.get("person", ""))
            if viewer is None:
                raise HTTPException(422)
            await console.sessions.end(signed_in.id)
            return await begin(console, viewer)

        return router

    return routes


def _say(text: str) -> None:
    sys.stdout.write(f"console: {text}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until a signal ends it."""
    links, desk = map(Path, sys.argv[1:3])
    extras = Extras(DemoClock(desk), (demo_routes(links),), tuple((part.name, part.label) for part in CAST))
    asyncio.run(serve(Settings(), HOST, 0, _say, extras))


if __name__ == "__main__":
    main()
