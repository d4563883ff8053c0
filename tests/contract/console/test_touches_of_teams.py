"""A viewer of one team on a person's page: touches of other teams are told by channel and day alone."""

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from sinks.holds import HoldsSink
from sinks.redis import RedisSink
from streams.domain.messages import english
from streams.domain.segments.explanation import explain
from streams.services.console.pages.person_segments import reason_rows
from streams.services.console.rights import Scope, Viewer
from tests.contract.api.desk import known, touch
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole
from tests.contract.console.test_acting import Written
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_redis import Filling
from tests.unit.domain.contact.said import DAY, NOON, by, said
from tests.unit.domain.segments.said_of import person, segment

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


@pytest.mark.parametrize("condition", [{"unanswered_mails": 3}, {"touches": "count", "within": "7d", "is": 3}])
@pytest.mark.parametrize(("teams", "told"), [(frozenset({"field"}), False), (None, True)])
def test_why_somebody_is_in_a_segment_names_no_touch_of_another_team(
    condition: dict[str, Any], teams: frozenset[str] | None, *, told: bool
) -> None:
    senders = ["field", "digital", "digital"]
    mails = [by(f"{team}/mailer", said("email.sent", f"{n}", message_id=f"{n}")) for n, team in enumerate(senders)]
    found = explain(segment(all=[condition]), person(*mails), NOON + DAY)
    known = [row.found for row in reason_rows(found, Viewer("fred", frozenset({"field"}), Scope(teams=teams)))]
    shown = " ".join(english(each) for each in known if each is not None)
    assert "field/mailer 0" in shown
    assert {word: word in shown for word in ("digital", "an interaction of another team")} == {
        "digital": told,
        "an interaction of another team": not told,
    }
