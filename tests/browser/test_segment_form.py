"""A segment is filled in as rows: money as money, mistakes at their field, and all of it on the smallest phone."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streams.domain.segments.conditions import KINDS
from streams.services.console.words import Language
from tests.browser.desk_console import DeskConsole, DeskReaders
from tests.browser.layout import no_wider_than_the_screen
from tests.browser.reader import PHONE, WIDE, Reader
from tests.contract.console.test_segment_builder import counted
from tests.contract.console.test_segment_pages import PEOPLE, filled
from tests.contract.redis_server import RedisServer

SMALLEST = (320, 640)
Opened = Callable[..., Reader]
SIZES = (WIDE, PHONE, SMALLEST)


@pytest.fixture
def console(redis: RedisServer, tmp_path: Path) -> Iterator[DeskConsole]:
    with DeskConsole(redis.port, tmp_path, None, counted).running() as console:
        with ThreadPoolExecutor(1) as aside:  # the browser has the loop of this thread
            aside.submit(asyncio.run, filled(redis, {"donors": PEOPLE})).result()
        yield console


@pytest.fixture
def opened(console: DeskConsole, readers: DeskReaders) -> Opened:
    """Opens the form of a new segment."""

    def open_one(language: Language = "en") -> Reader:
        one = readers.open(console, language=language)
        one.expected.add(422)
        assert one.open("/segments/new") == 200
        return one

    return open_one


def count(one: Reader) -> None:
    with one.page.expect_navigation():
        one.page.locator("form.rows button.primary").click()


@pytest.mark.parametrize(
    ("language", "typed", "said"),
    [
        ("en", "$1,500.50", "at least $1,500.50"),
        ("en", "50", "at least $50.00"),
        ("fr", "50,5 $", "au moins 50,50\u00a0$US"),
    ],
)
def test_money_means_whole_units_and_its_sentence_stands_beside_the_count(
    opened: Opened, language: Language, typed: str, said: str
) -> None:
    one = opened(language)
    assert one.page.input_value("#form-owner") == "reader0"
    assert one.page.input_value("#row-0-number1") == "50"
    assert one.page.input_value("#row-0-currency") == "USD"
    assert "$50.00" in one.page.inner_text(".said") or language == "fr"
    one.page.fill("#row-0-number1", typed)
    one.page.fill("#row-0-within", "1 week" if language == "en" else "30 jours")
    count(one)
    assert said in one.page.inner_text(".said")
    assert one.page.input_value("#row-0-number1") == typed
    assert ("1,600" if language == "en" else "1\u202f600") in one.page.inner_text(".said")
    assert one.violations() == []


def test_mistakes_stand_at_their_fields_in_the_words_of_the_form_and_are_led_to(
    opened: Opened,
) -> None:
    one = opened()
    one.page.fill("#form-id", "Generous and left alone")
    one.page.fill("#row-0-number1", "fifty")
    one.page.fill("#row-0-within", "a year")
    count(one)
    led = one.page.locator(".note a").all_inner_texts()
    assert led == [
        "Name of the segment, such as lapsed-donors",
        "1. Gifts – Within, such as 30 days or 12 hours",
        "1. Gifts – How much",
    ]
    assert "Write an amount, such as 50 or 1,500.50." in one.page.inner_text("fieldset")
    one.page.get_by_role("link", name="How much").click()
    one.page.wait_for_url("**#row-0-number1")
    assert one.page.evaluate("document.activeElement.id") in ("row-0-number1", "")
    for told in one.page.locator(".mistake").all_inner_texts():
        assert "at_least" not in told
        assert "docs/" not in told
    assert one.violations() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_condition_fits_each_screen_with_its_mistakes(opened: Opened, language: Language) -> None:
    one = opened(language)
    for size in SIZES:
        one.resize(size)
        assert no_wider_than_the_screen(one.page), size
    for kind in KINDS:
        one.page.select_option("#form-kind", kind)
        with one.page.expect_navigation():
            one.page.locator('button[value="add:any"]').click()
    count(one)
    for size in SIZES:
        one.resize(size)
        assert no_wider_than_the_screen(one.page), size
        outside = one.page.evaluate(
            """() => [...document.querySelectorAll(".rows *")].filter((each) => each.checkVisibility()
                && !each.closest(".away") && each.getBoundingClientRect().right > innerWidth)
                .map((each) => each.outerHTML.slice(0, 100))"""
        )
        assert outside == [], size
