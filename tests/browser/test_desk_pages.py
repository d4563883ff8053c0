"""Pages of the desk in a browser, on an evening of a fixed seed: who sees what, how it reads, and when it is old."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from streams.services.console.app import PAGES
from streams.services.console.gate import MOST_ENTRIES
from tests.browser.desk_console import DeskConsole, DeskReaders
from tests.browser.layout import no_wider_than_the_screen
from tests.browser.reader import PHONE, WIDE, Reader
from tests.contract.redis_server import RedisServer

SNAPSHOTS = Path(__file__).parent / "snapshots"
PATHS = (
    *("/", "/campaigns", "/campaigns/gotv-3", "/field", "/field/US-OH", "/money"),
    *("/alerts/over_cap", "/privacy", "/letters", "/policy", "/deliveries"),
)


@pytest.fixture
def evening(redis: RedisServer, tmp_path: Path) -> Iterator[DeskConsole]:
    with DeskConsole(redis.port, tmp_path).running() as console:
        yield console


def test_a_strategist_sees_what_needs_her_first_and_gets_from_it_to_the_campaign(
    evening: DeskConsole, readers: DeskReaders
) -> None:
    ada = readers.open(evening, "figures")
    ada.open("/")
    needs = ada.page.locator(".finding .why").all_inner_texts()
    assert "Campaign ask-9 has reached the limit of complaints at Gmail: 0.33%, the limit is 0.30%." in needs
    assert not ada.page.get_by_role("button", name="Hold ask-9").count()
    assert not ada.page.get_by_role("link", name="Hold ask-9").count()
    ada.page.get_by_role("link", name="Look campaign ask-9").click()
    ada.page.wait_for_url("**/campaigns/ask-9")
    assert "over: 0.33% of 0.30%" in ada.page.inner_text("#body-providers")
    assert ada.page.locator("#body-providers svg .limit").count() == 2


@pytest.mark.parametrize("path", PATHS)
def test_page_reads_as_it_did_in_both_languages_is_usable_by_everybody_and_fits_a_phone(
    evening: DeskConsole, readers: DeskReaders, path: str
) -> None:
    """`WRITE_SNAPSHOTS=1 pytest tests/browser/test_desk_pages.py` writes the texts anew: those without scripts."""
    for language in ("en", "fr"):
        still = readers.open(evening, language=language, java_script_enabled=False)
        assert still.open(path) == 200
        found = _texts_of(still)
        file = SNAPSHOTS / f"{path.strip('/').replace('/', '-') or 'tonight'}.{language}.txt"
        if os.environ.get("WRITE_SNAPSHOTS"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(found, encoding="utf-8")
        assert found == file.read_text(encoding="utf-8")
    ada = readers.open(evening)
    ada.open(path)
    assert ada.violations_in_each_theme_and_size() == {}
    ada.resize(WIDE)
    assert no_wider_than_the_screen(ada.page)
    ada.resize(PHONE)
    assert no_wider_than_the_screen(ada.page)


def _texts_of(one: Reader) -> str:
    """The text of each block of a page, and the titles of its charts."""
    blocks = one.page.locator(".block-body").all_inner_texts()
    charts = one.page.locator("main svg > title").all_text_contents()
    return "\n----\n".join([*blocks, "\n".join(charts)]).replace("\t", " | ") + "\n"


@pytest.mark.parametrize("filled", [False, None])
def test_pages_without_figures_say_what_would_fill_them_and_show_no_noughts(
    redis: RedisServer, tmp_path: Path, readers: DeskReaders, filled: bool | None
) -> None:
    with DeskConsole(redis.port, tmp_path, filled).running() as console:
        ada = readers.open(console)
        for path in ("/", "/campaigns", "/field", "/money"):
            assert ada.open(path) == 200
            assert not ada.page.locator(".value", has_text="0").count(), path
            assert ada.violations() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_menu_is_seven_entries_or_one_button_and_leads_to_every_page_without_scripts(
    evening: DeskConsole, readers: DeskReaders, language: str
) -> None:
    for size, most in ((WIDE, MOST_ENTRIES), (PHONE, 1)):
        ada = readers.open(evening, size=size, language=language, java_script_enabled=False)
        ada.open("/")
        assert ada.page.locator(".top nav :is(a, summary):visible").count() <= most
        assert {*_opened_by_keyboard(ada)} == {page.path for page in PAGES if page.menu}
        assert no_wider_than_the_screen(ada.page)


@pytest.mark.parametrize(("size", "entry"), [(WIDE, "Results"), (PHONE, "Campaigns")])
def test_the_open_menu_is_usable_by_everybody_and_marks_where_one_is(
    evening: DeskConsole, readers: DeskReaders, size: tuple[int, int], entry: str
) -> None:
    ada = readers.open(evening, size=size)
    ada.open("/campaigns/gotv-3")
    entries = {*_opened_by_keyboard(ada)}
    assert len(entries) > MOST_ENTRIES
    assert ada.violations() == []
    assert ada.page.locator(".top nav [aria-current=true]:visible").all_inner_texts() == [entry]


def _opened_by_keyboard(one: Reader) -> Iterator[str]:
    """Where the menu leads, each button of it pressed."""
    links = one.page.locator(".top nav a:visible")
    yield from links.evaluate_all("(found) => found.map((each) => each.getAttribute('href'))")
    for button in one.page.locator(".top nav summary:visible").all():
        button.focus()
        one.page.keyboard.press("Enter")
        expect(button.locator("xpath=..")).to_have_attribute("open", "")
        yield from links.evaluate_all("(found) => found.map((each) => each.getAttribute('href'))")
