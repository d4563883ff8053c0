"""`/people/duplicates`: what was decided, and which identifiers link nobody, however much else was written down."""

from pathlib import Path

from redis.asyncio import Redis

from events.outputs import Address
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.rights import Viewer
from tests.contract.api.desk import address, known
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people
from tests.contract.redis_server import RedisServer
from tests.unit.services.console.evening import fill_evening

OTHERS = 1_100
IDENTIFIER = "email:0123456789abcdef0123456789abcdef"


def fill(path: Path) -> None:
    """A decision and an identifier of yesterday, and then looks and alerts of many kinds."""
    fill_evening(path, NOW)
    desk, yesterday = Desk.create(path), NOW - 86_400_000
    with desk.transaction():
        for place, fragment in enumerate((1, 2)):
            desk.run(
                "INSERT INTO views VALUES (?, 'decided', ?, ?, 'zoe', 'link', ?, NULL, 'link')",
                (100 + place, place, yesterday, fragment),
            )
        looks = [(1000 + number, f"look-{number}", NOW - number) for number in range(OTHERS)]
        desk.run_many("INSERT INTO views VALUES (?, ?, 0, ?, 'zoe', 'read', 3, NULL, 'found')", looks)
        alerts = [("crowd", "identity_crowded", IDENTIFIER, yesterday)]
        alerts += [(f"cap-{number}", "campaign_complaints", "gotv-3", NOW - number) for number in range(OTHERS)]
        desk.run_many("INSERT INTO alerts VALUES (?, ?, ?, NULL, ?, '', '[]')", alerts)
    desk.close()


async def page(redis: Redis, folder: Path, who: str, path: str) -> str:
    """A page once a reason is given, which is kept for the session."""
    fill(folder / "desk.sqlite")
    console = SignedInConsole(redis, folder, DeskReader(folder / "desk.sqlite"), audit=Written())
    async with console.browser(Viewer("zoe", frozenset({"privacy"}))) as browser:
        await console.post(browser, "/people", who=who, reason="rights")
        answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


async def test_a_decision_and_an_identifier_of_yesterday_are_there_after_a_thousand_looks_and_alerts(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    await fill_people(redis_server)
    text = await page(redis_client, tmp_path, "van.1", "/people/duplicates")
    for told in ("email:01234567…", "Undo", "Each was written down before it was sent"):
        assert told in text


async def test_two_contacts_are_shown_side_by_side_before_anybody_says_that_they_are_one(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    both: Address = address("shared@example.org")
    phone: Address = {**address("other@example.org"), "channel": "text"}
    zones = {"time_zone": "America/New_York", "region": "US-OH", "postal_code": None}
    people = [
        known("ada", zones=zones, addresses=[both], last_seen="2012-11-06T20:00:00Z"),
        known("bob", addresses=[both, phone], last_seen="2012-11-05T20:00:00Z"),
    ]
    await fill_people(redis_server, *people)
    text = await page(redis_client, tmp_path, "ada", "/people/duplicates?one=ada&other=bob")
    compared = text.partition('id="block-pair"')[2].partition('action="/people/duplicates"')[0]
    for told in ("US-OH", "Nov 6, 2012 15:00", "Nov 5, 2012 15:00", f"email:{both['ref'][:8]}…"):
        assert told in compared
    assert f"{phone['ref'][:8]}" not in compared
