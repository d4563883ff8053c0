"""Whom the alerts of a rule are about: for who may see people, with a reason, each written down as looked at."""

import re
from pathlib import Path

import pytest

from streams.services.console.desk import Desk
from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written

PATH = "/alerts/over_cap/people"
FINN = Viewer("finn", frozenset({"field"}))


@pytest.fixture
def console(evening: SignedInConsole, tmp_path: Path) -> SignedInConsole:
    """Of a desk with an alert about each of 62 people of Ohio, of whom the second has two more."""
    desk = Desk.create(tmp_path / "desk.sqlite")
    rows = [(f"m{n}", n, NOW - 1_000 * n, "digital: 4 touches by door within 1d, at most 3") for n in range(4, 61)]
    rows += [(f"n{n}", 2, NOW - n, "field: 6 touches by door within 1d, at most 3") for n in range(2)]
    with desk.transaction():
        desk.run("DELETE FROM alerts")
        desk.run_many(
            "INSERT INTO alerts VALUES (?, 'over_cap', NULL, ?, ?, ?, '[]')", [*rows, ("a", 1, NOW - 9, "x: 4")]
        )
    desk.close()
    return evening


async def page(console: SignedInConsole, viewer: Viewer, path: str = PATH, reason: str = "task") -> tuple[int, str]:
    async with console.browser(viewer) as browser:
        if reason:
            answer = await console.post(browser, "/people/reason", reason=reason, to=path)
            assert (answer.status_code, answer.headers["location"]) == (303, path)
        answer = await browser.get(path)
    return answer.status_code, answer.text.partition("<main")[2]


async def test_nobody_is_named_before_a_reason_is_given(console: SignedInConsole, written: Written) -> None:
    status, text = await page(console, FINN, reason="")
    assert status == 200
    assert "Say first why you look" in text
    assert "van." not in text
    assert written.records == []


async def test_those_with_most_alerts_come_first_page_by_page_and_each_is_written_down(
    console: SignedInConsole, written: Written
) -> None:
    _, text = await page(console, FINN)
    assert text.index(">van.2<") < text.index(">van.4<")
    assert text.count('href="/people/van.') == 50
    assert "field: reached 6 times by door within" in text
    assert f'href="{PATH}?after=50"' in text
    _, more = await page(console, FINN, f"{PATH}?after=50")
    assert 0 < more.count('href="/people/van.') < 50
    assert f'href="{PATH}?after=0"' in more
    named = [len(record["answers"]) for record in written.records]
    assert named == [50, more.count('href="/people/van.')]
    assert {record["viewer"] for record in written.records} == {"finn"}


async def test_each_number_of_the_alerts_leads_to_those_whom_it_counts(console: SignedInConsole) -> None:
    _, alerts = await page(console, FINN, "/alerts/over_cap", reason="")
    rows = re.findall(r'href="(/alerts/over_cap/people\?like=[0-9a-f]{16})">(\d+)<', alerts)
    assert [count for _, count in rows] == ["57", "2", "1"]
    (digital, _), (field, _), _ = rows
    assert ">van.4<" in (text := (await page(console, FINN, digital))[1])
    assert ">van.2<" not in text
    assert f'href="{digital}&amp;after=50"' in text
    assert ">van.2<" in (text := (await page(console, FINN, field))[1])
    assert ">van.4<" not in text


async def test_who_sees_one_region_or_team_sees_no_others(console: SignedInConsole) -> None:
    regional = Viewer("paul", frozenset({"field"}), Scope(regions=frozenset({"US-PA"})))
    assert "van.2<" not in (await page(console, regional))[1]
    of_team = Viewer("tina", frozenset({"field"}), Scope(teams=frozenset({"field"})))
    text = (await page(console, of_team))[1]
    assert ">van.2<" in text
    assert ">van.4<" not in text


async def test_only_roles_that_may_see_people_are_led_there(console: SignedInConsole) -> None:
    strategist = Viewer("ada", frozenset({"figures"}))
    assert PATH not in (await page(console, strategist, "/alerts/over_cap", reason=""))[1]
    assert PATH in (await page(console, FINN, "/alerts/over_cap", reason=""))[1]
