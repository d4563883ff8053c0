"""The console of the demo: `harmonia console` with sign-in links, a role switcher and a clock that stands.

A process of its own, `python -m streams.demo.console_server LINKS DESK LIST`, with the directory of links, the file of
the desk, and that of a list to judge; it listens on loopback only. No setting of `harmonia console` leads here: nobody
can switch this on elsewhere.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from streams.demo.cast import CAST, FIRST, use_link
from streams.demo.list_to_try import PATH
from streams.local.server import HOST
from streams.platform.settings import Settings
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_reading import latest_event_ms
from streams.services.console.gate import Console, plain_message, posted, require, signed_in_of, words_of
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


def demo_routes(links: Path, people: Path) -> Callable[[Console], APIRouter]:
    """The routes that the demo alone has.

    They are `/enter/{token}`, which a link leads to, `/switch`, by which a reader is somebody else, and a list of
    people, which is in the file `people` once the demo has made it.
    """

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

        @router.get(PATH)
        async def list_to_judge(request: Request) -> Response:
            require(await signed_in_of(console, request), "judge")
            try:
                made = await asyncio.to_thread(people.read_bytes)
            except FileNotFoundError:
                words = words_of(console, request)
                text = words.text("The demo is still making the list of its people. Try again in a minute.")
                return plain_message(words, words.text("Not there yet"), text, 503)
            headers = {"Content-Disposition": f'attachment; filename="{people.name}"'}
            return Response(made, media_type="text/csv; charset=utf-8", headers=headers)

        return router

    return routes


def _say(text: str) -> None:
    sys.stdout.write(f"console: {text}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until a signal ends it."""
    links, desk, people = map(Path, sys.argv[1:4])
    switch_to = tuple((part.name, part.label) for part in CAST)
    extras = Extras(DemoClock(desk), (demo_routes(links, people),), switch_to, PATH)
    asyncio.run(serve(Settings(), HOST, 0, _say, extras))


if __name__ == "__main__":
    main()
