"""`/privacy`: who sees it, what it counts, and that nobody is named before a reason is given and written down."""

from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import SignedInConsole, Written

PRIVACY: frozenset[Role] = frozenset({"privacy"})
OHIO = Scope(regions=frozenset({"US-OH"}))


async def test_who_sees_a_part_is_told_why_and_gets_no_page_that_names_anybody(evening: SignedInConsole) -> None:
    async with evening.browser(Viewer("ohio", PRIVACY, OHIO)) as browser:
        page = await browser.get("/privacy")
        assert "whoever sees some of these only does not see them" in page.text
        assert "nadia" not in page.text
        for path in ("/privacy/viewers/nadia", "/privacy/people/van.1"):
            assert (await browser.get(path)).status_code == 404


async def test_whom_somebody_looked_at_is_told_after_a_reason_and_never_where_it_cannot_be_written_down(
    evening: SignedInConsole, written: Written
) -> None:
    async with evening.browser(Viewer("zoe", PRIVACY)) as browser:
        first = await browser.get("/privacy/viewers/nadia")
        assert "Why do you look?" in first.text
        assert written.records == []
        assert (await evening.post(browser, "/privacy/reason", viewer="nadia", reason="curious")).status_code == 422
        said = await evening.post(browser, "/privacy/reason", viewer="nadia", reason="rights")
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
