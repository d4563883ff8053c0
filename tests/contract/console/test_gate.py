"""What every page and every form refuses before it looks at anything: by role, setting, token, origin and host."""

import hashlib
import re
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from streams.services.console.acts import ACT_SPECS
from streams.services.console.app import PAGES
from streams.services.console.people import Person
from streams.services.console.rights import Viewer, may
from streams.services.console.roles import ROLES
from streams.services.console.signin import COOKIE, FORM_COOKIE
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole, Written, page_of
from tests.unit.services.console.test_acts import CHANGE_NOTHING

ADA = Viewer("ada", frozenset(ROLES))


async def test_a_page_and_its_stream_are_there_for_the_roles_of_the_page_alone(
    console: SignedInConsole, written: Written
) -> None:
    for page in PAGES:
        path = re.sub(r"\{[a-z]+(:path)?\}", "x", page.path)
        for viewer in (Viewer(role, frozenset({role})) for role in ROLES):
            if not may(viewer, page.act):
                assert "None of your roles may do this." in await page_of(console, path, viewer, 403), page.name
                await page_of(console, f"/events?page={page.name}", viewer, 404)
    assert written.records == []


async def test_the_menu_leads_to_the_pages_that_somebody_may_see(console: SignedInConsole) -> None:
    page = await page_of(console, "/people", Viewer("olga", frozenset({"operations"})), 403)
    menu = page.partition("<nav")[2].partition("</nav>")[0]
    assert {*re.findall('href="([^"]+)"', menu)} == {"/", "/letters", "/status", "/deliveries"}


async def test_no_act_is_done_without_its_role_and_the_setting_that_allows_it(
    console: SignedInConsole, written: Written
) -> None:
    for spec in ACT_SPECS:
        others = Viewer("others", frozenset(ROLES) - spec.roles)
        for viewer in (others, Viewer("nobody", frozenset(ROLES), may_change=frozenset())):
            async with console.browser(viewer) as browser:
                assert (await console.post(browser, spec.path)).status_code == 403, spec.id
    assert written.records == []


async def test_a_form_that_came_from_no_page_of_its_reader_does_nothing(
    console: SignedInConsole, written: Written
) -> None:
    own, evil = {"Origin": ORIGIN}, {"Origin": "https://evil.test"}
    async with console.browser(ADA) as browser:
        found = await console.sessions.find(browser.cookies[COOKIE], NOW)
        assert found is not None
        token = {"csrf": found.session.csrf}
        for path in sorted({*(spec.path for spec in ACT_SPECS), *CHANGE_NOTHING}):
            for said, headers in (({}, own), ({"csrf": "x" * 43}, own), (token, evil), (token, {})):
                form = {**said, "once": "a-key-of-a-form-0001", "theme": "dark"}
                assert (await browser.post(path, data=form, headers=headers)).status_code == 403, path
        assert (await browser.get("/people")).status_code == 200
        assert (await browser.get("/signin", headers={"Host": "rebound.test"})).status_code == 421
    assert written.records == []


async def test_a_session_is_in_a_cookie_that_no_script_reads_and_over_once_it_is_signed_out(
    console: SignedInConsole,
) -> None:
    console.people["ada"] = Person(ADA, hashlib.sha256(b"secret").digest())
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as browser:
        form = {"csrf": (await browser.get("/signin")).cookies[FORM_COOKIE]}
        wrong = await browser.post("/signin", data={**form, "token": "guess"})
        assert (wrong.status_code, "Nobody has this token" in wrong.text) == (403, True)
        answer = await browser.post("/signin", data={**form, "token": "secret"})
        [cookie] = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}=")]
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= {*cookie.split("; ")}
        session = browser.cookies[COOKIE]
        assert (await browser.get("/people")).status_code == 200
        await console.post(browser, "/signout")
        browser.cookies.set(COOKIE, session)
        assert (await browser.get("/people")).headers["location"] == "/signin"


@pytest.mark.parametrize("path", ["/people", "/signin"])
async def test_without_redis_nobody_signs_in_or_is_shown_anything(tmp_path: Path, path: str) -> None:
    console = SignedInConsole(Redis(port=1), tmp_path)
    console.people["ada"] = Person(ADA, hashlib.sha256(b"secret").digest())
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as browser:
        browser.cookies.set(COOKIE, "a-session")
        browser.cookies.set(FORM_COOKIE, "x")
        answer = await browser.post(path, data={"csrf": "x", "token": "secret"})
    assert (answer.status_code, "Redis does not answer" in answer.text) == (503, True)
