"""A viewer of one team on a person's page: touches of other teams are told by channel and day alone."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from streams.services.console.rights import Scope, Viewer
from tests.contract.api.desk import known, touch
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole
from tests.contract.console.test_acting import Written
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling

OTHERS, OWN = NOW - 7_200_000, NOW - 200_000_000


@pytest.mark.parametrize(("teams", "told"), [(frozenset({"field"}), False), (None, True)])
async def test_a_viewer_of_one_team_learns_neither_team_nor_source_nor_id_of_others(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, teams: frozenset[str] | None, *, told: bool
) -> None:
    sinks = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER), HoldsSink(client_of(redis_server.port))
    await Filling(*sinks).all([known("ada", [touch(OTHERS, "digital"), touch(OWN, "field")])])
    for sink in sinks:
        await sink.close()
    console = SignedInConsole(redis_client, tmp_path, audit=Written())
    async with console.browser(Viewer("fred", frozenset({"field"}), Scope(teams=teams))) as browser:
        await console.post(browser, "/people", who="?", reason="task")
        page = await browser.get("/people/ada?purpose=fundraising")
    assert page.status_code == 200
    assert {word: word in page.text for word in ("digital", str(OTHERS))} == {"digital": told, str(OTHERS): told}
    assert "E-mail · field" in page.text
