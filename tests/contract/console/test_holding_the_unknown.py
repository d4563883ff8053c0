"""Hold of a campaign of which the desk has heard nothing: whose it is cannot be known, so it is refused with words."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from events.outputs import AuditRecord
from events.topics import CAMPAIGN_HOLDS
from sinks.keys import HOLDS, position_key
from streams.services.console.acting import campaigns
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.rights import EVERYTHING, Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, page_of
from tests.contract.redis_server import RedisServer

SENDING: frozenset[Role] = frozenset({"sending"})
OF_ONE_TEAM = Scope(teams=frozenset({"digital"}))


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path) -> SignedInConsole:
    """With a desk that has heard of nothing, and a hold of a campaign until an hour from now."""
    Desk.create(tmp_path / "desk.sqlite").close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", str(NOW + 3_600_000))
    return SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"))


async def refused(console: SignedInConsole, scope: Scope, campaign: str, act: str = "hold") -> str:
    """What is said in place of holding it, in the language of the reader."""
    async with console.browser(Viewer("ada", SENDING, scope)) as browser:
        answer = await console.post(browser, f"/campaigns/{act}", campaign=campaign)
    assert answer.status_code == 404
    return answer.text


@pytest.mark.parametrize("act", ["hold", "lift"])
async def test_who_sees_every_team_is_told_how_it_can_be_held_all_the_same(console: SignedInConsole, act: str) -> None:
    text = await refused(console, EVERYTHING, "new-1", act)
    assert "Nothing was heard of this campaign" in text
    assert "Whoever operates Harmonia can" in text


@pytest.mark.parametrize("campaign", ["new-1", "held"])
async def test_who_sees_one_team_is_told_the_same_whether_others_hold_it_or_it_is_unknown(
    console: SignedInConsole, campaign: str
) -> None:
    text = await refused(console, OF_ONE_TEAM, campaign)
    assert "Nothing was heard of this campaign, or it is not yours" in text
    assert "--anyway" not in text


async def test_the_page_of_a_hold_that_ends_by_itself_offers_one_that_does_not(console: SignedInConsole) -> None:
    async with console.browser(Viewer("ada", SENDING)) as browser:
        page = await browser.get("/campaigns/held")
    assert page.status_code == 200
    assert 'href="/hold/held"' in page.text
    assert "It may reach nobody until " in page.text
    assert "Hold until it is lifted" in page.text
    assert "until the hold is lifted" not in page.text
    of_nobody = Viewer("no", SENDING, may_change=frozenset())
    assert 'href="/hold/' not in await page_of(console, "/campaigns/held", of_nobody)


class DiesOnceWritten(Written):
    """Redis dies as soon as an act is written down."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self._server = server

    async def write(self, record: AuditRecord) -> None:
        await super().write(record)
        self._server.kill()


async def _reachable(*_: object) -> None:
    """Kafka answers; nothing gets as far as to be sent."""


async def test_where_redis_dies_before_an_order_is_sent_it_is_told_that_nothing_was(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "kept_from_sending", _reachable)
    Desk.create(tmp_path / "desk.sqlite").close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", "null")
    audit = DiesOnceWritten(redis_server)
    console = SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"), audit=audit)
    try:
        async with console.browser(Viewer("ada", SENDING)) as browser:
            answer = await console.post(browser, "/campaigns/lift", campaign="held")
    finally:
        redis_server.start()
    assert (answer.status_code, len(audit.records)) == (503, 1)
    assert "Nothing was done" in answer.text
    assert "nothing was sent" in answer.text
