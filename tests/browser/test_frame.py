"""Every page as it looks: for whoever cannot see it, at each size, in each theme, under a finger, in French."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.french import left_in_english
from tests.browser.keyboard import speak_french
from tests.browser.layout import no_wider_than_the_screen, too_small_to_touch
from tests.browser.reader import PHONE, ZOOMED, Reader

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
def test_page_is_usable_by_everybody_fits_each_screen_and_is_french_throughout(
    reader: Readers, site: ConsoleSite, path: str
) -> None:
    ada = reader("ada")
    page = _at(ada, site, path)
    assert ada.violations_in_each_theme_and_size() == {}
    for size in (PHONE, ZOOMED):
        ada.resize(size)
        assert no_wider_than_the_screen(page), size
        wide = "[...document.querySelectorAll('.figure .value')].filter(one => one.scrollWidth > one.clientWidth)"
        assert page.evaluate(f"{wide}.map(one => one.textContent)") == [], size
    ada.resize(PHONE)
    ada.touch()
    page.click(".menu-button summary")
    page.click(".you summary")
    assert too_small_to_touch(page) == []
    page.reload()
    speak_french(page)
    assert left_in_english(_at(ada, site, path)) == []


def test_page_where_somebody_signs_in_is_usable_by_everybody_and_french_throughout(reader: Readers) -> None:
    one = reader(locale="fr-FR")
    one.open("/signin")
    assert one.violations_in_each_theme_and_size() == {}
    assert left_in_english(one.page) == []
