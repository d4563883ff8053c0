"""Every page as it looks: for whoever cannot see it, at each size, in each theme, in French."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.french import left_in_english
from tests.browser.reader import PHONE, WIDE, Reader

PATHS = (
    "/experiments",
    "/experiments/subject-lines",
    "/days/2012-02-22",
    "/people",
    "/people/{ohio}",
    "/status",
    "/status/redis-full",
)


def _at(one: Reader, site: ConsoleSite, path: str) -> Page:
    """A page with its data: that of a person once a reason is given, the status once it has looked."""
    if "{ohio}" in path:
        one.find(site.people["ohio"].email)
    else:
        one.open(path)
    if path.startswith("/days/"):
        one.page.wait_for_selector(".block-summary .figure")
    if path == "/status":
        one.page.wait_for_selector(".block-flows table")
    return one.page


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(reader: Readers, site: ConsoleSite, path: str, scheme: str, size: tuple[int, int]) -> None:
    ada = reader("ada", size, color_scheme=scheme)
    _at(ada, site, path)
    assert ada.violations() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_somebody_signs_in(reader: Readers, scheme: str) -> None:
    one = reader(size=PHONE, color_scheme=scheme)
    one.open("/signin")
    assert one.violations() == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [PHONE, (640, 400)], ids=["phone", "zoomed-to-200-per-cent"])
def test_nothing_sticks_out_sideways(reader: Readers, site: ConsoleSite, path: str, size: tuple[int, int]) -> None:
    page = _at(reader("ada", size), site, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    wide = "[...document.querySelectorAll('.figure .value')].filter(one => one.scrollWidth > one.clientWidth)"
    assert page.evaluate(f"{wide}.map(one => one.textContent)") == []


@pytest.mark.parametrize("path", PATHS)
def test_what_is_touched_on_a_phone_is_large_enough(reader: Readers, site: ConsoleSite, path: str) -> None:
    page = _at(reader("ada", PHONE, has_touch=True), site, path)
    page.click(".menu-button summary")
    page.click(".you summary")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), header a, summary, .button")]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert small == []


@pytest.mark.parametrize("path", ["/signin", *PATHS])
def test_no_english_is_left_in_french(reader: Readers, site: ConsoleSite, path: str) -> None:
    ada = reader("" if path == "/signin" else "ada", locale="fr-FR")
    if path != "/signin":
        ada.page.click(".you summary")
        ada.page.get_by_role("button", name="Français").click()
        ada.page.wait_for_selector("html[lang=fr]")
    assert left_in_english(_at(ada, site, path)) == []
