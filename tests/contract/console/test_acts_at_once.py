"""Acts about one thing that come at once: which of them waits for which, and which for none."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from fastapi import Response
from redis.asyncio import Redis

from events.console_acts import ConsoleAct
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.acting.route import routes_of
from streams.services.console.app import ROUTES
from streams.services.console.rights import Viewer
from streams.services.console.views import Audited
from tests.contract.console.signed_in_console import SignedInConsole, Written

ZOE, YVES = (Viewer(name, frozenset({"privacy"})) for name in ("zoe", "yves"))
ACTS: tuple[ConsoleAct, ...] = ("export", "suppress", "link", "unlink")


class Slow:
    """Acts that do nothing: `slow` ends once it is let go, the others at once. `ended`: which have, in order."""

    def __init__(self, slow: ConsoleAct) -> None:
        self._slow = slow
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.ended: list[ConsoleAct] = []

    async def handler(self, asked: ActRequest) -> Ready:
        return Ready(Audited(), partial(self._perform, asked.spec.id))

    async def _perform(self, act: ConsoleAct) -> Response:
        if act == self._slow:
            self.begun.set()
            await self.let_go.wait()
        self.ended.append(act)
        return Response("{}")


def console_of(redis: Redis, folder: Path, slow: Slow) -> SignedInConsole:
    acts = partial(routes_of, handlers=dict.fromkeys(ACTS, slow.handler))
    return SignedInConsole(redis, folder, audit=Written(), routes=(*ROUTES[:-1], acts))


async def test_nobody_waits_for_an_export_to_stop_all_contact_with_a_person(
    redis_client: Redis, tmp_path: Path
) -> None:
    slow = Slow("export")
    console = console_of(redis_client, tmp_path, slow)
    async with console.browser(ZOE) as browser:
        export = asyncio.create_task(console.post(browser, "/people/export", contact="van.1"))
        await slow.begun.wait()
        async with asyncio.timeout(30):
            await console.post(browser, "/people/suppress", contact="van.1")
        slow.let_go.set()
        await export
    assert slow.ended == ["suppress", "export"]


@pytest.mark.parametrize("pair", [("van.1", "van.2"), ("van.2", "van.1")], ids=["alike", "turned round"])
async def test_of_two_decisions_about_a_pair_the_second_waits_whichever_is_named_first(
    redis_client: Redis, tmp_path: Path, pair: tuple[str, str]
) -> None:
    slow = Slow("link")
    console = console_of(redis_client, tmp_path, slow)
    async with console.browser(ZOE) as zoe, console.browser(YVES) as yves:
        link = asyncio.create_task(console.post(zoe, "/people/link", one="van.1", other="van.2"))
        await slow.begun.wait()
        unlink = asyncio.create_task(console.post(yves, "/people/unlink", one=pair[0], other=pair[1]))
        for other in ("van.3", "van.4", "van.5"):  # each takes as long, and came later
            await console.post(zoe, "/people/suppress", contact=other)
        slow.let_go.set()
        await asyncio.gather(link, unlink)
    assert slow.ended == ["suppress", "suppress", "suppress", "link", "unlink"]
