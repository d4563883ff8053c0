"""`/privacy`: who sees it, what it counts, and that nobody is named before a reason is given and written down."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.services.console.desk_access import DeskReader
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import NOW, SignedInConsole
from tests.contract.console.test_acting import Written
from tests.unit.services.console.evening import fill_evening

PRIVACY: frozenset[Role] = frozenset({"privacy"})
OHIO = Scope(regions=frozenset({"US-OH"}))


@pytest.fixture
def console(redis_client: Redis, tmp_path: Path, written: Written) -> SignedInConsole:
    fill_evening(tmp_path / "desk.sqlite", NOW)
    return SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"), audit=written)


async def test_looks_erasures_and_lists_are_counted_and_nobody_is_named(console: SignedInConsole) -> None:
    async with console.browser(Viewer("zoe", PRIVACY)) as browser:
        page = await browser.get("/privacy")
    assert page.status_code == 200
    for told in ("nadia", "48,210", "large-givers", "1 person was forgotten in the last 30 days", "2 in all"):
        assert told in page.text
    assert "van." not in page.text


async def test_it_is_for_the_role_privacy_alone(console: SignedInConsole) -> None:
    async with console.browser(Viewer("olga", frozenset({"operations", "figures"}))) as browser:
        for path in ("/privacy", "/privacy/viewers/nadia", "/privacy/people/van.1"):
            assert (await browser.get(path)).status_code == 403


async def test_who_sees_a_part_is_told_why_and_gets_no_page_that_names_anybody(console: SignedInConsole) -> None:
    async with console.browser(Viewer("ohio", PRIVACY, OHIO)) as browser:
        page = await browser.get("/privacy")
        assert "whoever sees some of these only does not see them" in page.text
        assert "nadia" not in page.text
        for path in ("/privacy/viewers/nadia", "/privacy/people/van.1"):
            assert (await browser.get(path)).status_code == 404


async def test_whom_somebody_looked_at_is_told_after_a_reason_and_never_where_it_cannot_be_written_down(
    console: SignedInConsole, written: Written
) -> None:
    async with console.browser(Viewer("zoe", PRIVACY)) as browser:
        first = await browser.get("/privacy/viewers/nadia")
        assert "Why do you look?" in first.text
        assert written.records == []
        assert (await console.post(browser, "/privacy/reason", viewer="nadia", reason="curious")).status_code == 422
        said = await console.post(browser, "/privacy/reason", viewer="nadia", reason="rights")
        assert (said.status_code, said.headers["location"]) == (303, "/privacy/viewers/nadia")
        then = await browser.get("/privacy/viewers/nadia")
        [record] = written.records
        named = {answer["contact_id"] for answer in record["answers"]}
        assert named
        assert all(f"/people/{name}" in then.text for name in named)
        assert "They called or wrote" in (await browser.get(f"/privacy/people/{min(named)}")).text
        assert written.records[-1]["answers"][0]["contact_id"] == min(named)
        written.is_away = True
        away, at_one = await browser.get("/privacy/viewers/nadia"), await browser.get(f"/privacy/people/{min(named)}")
    assert at_one.status_code == 503
    assert not [name for name in named for page in (first, away, at_one) if name in page.text.partition("<main")[2]]
