"""Finding a person: what was chosen stays where nobody is found."""

from pathlib import Path

from redis.asyncio import Redis

from streams.services.console.rights import Viewer
from streams.services.console.signin import COOKIE
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole

PAUL = Viewer("paul", frozenset({"privacy"}))


async def test_a_search_that_finds_nobody_keeps_the_reason_that_was_chosen(redis_client: Redis, tmp_path: Path) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    async with console.browser(PAUL) as browser:
        signed_in = await console.sessions.find(browser.cookies[COOKIE], NOW)
        assert signed_in is not None
        form = {"csrf": signed_in.session.csrf, "who": "?", "reason": "complaint"}
        first = await browser.post("/people", data=form, headers={"Origin": ORIGIN})
        assert first.status_code == 422
        assert '<option value="complaint" selected>' in first.text
        again = await browser.post("/people", data={**form, "reason": "rights"}, headers={"Origin": ORIGIN})
        assert '<option value="rights" selected>' in again.text
        assert '<option value="rights" selected>' in (await browser.get("/people")).text
