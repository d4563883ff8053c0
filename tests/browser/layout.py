"""What of a page stands where it should not."""

from playwright.sync_api import Page

from tests.browser.french import left_in_english
from tests.browser.reader import Reader


def is_sound(one: Reader) -> None:
    """Nothing of the page is hard to use, out of place, or English where it is French."""
    assert one.violations() == []
    assert no_wider_than_the_screen(one.page)
    assert crowded(one.page) == []
    if one.page.get_attribute("html", "lang") == "fr":
        assert left_in_english(one.page) == []


def no_wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def too_small_to_touch(page: Page) -> list[str]:
    """What can be pressed or filled in, is shown, and is lower than a finger needs."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), header a, summary, .button")]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found


def lines_of(page: Page, cells: str) -> list[int]:
    """In how many lines the text of each cell stands."""
    counted: list[int] = page.locator(cells).evaluate_all(
        """(found) => found.map((each) => {
            const text = document.createRange();
            text.selectNodeContents(each);
            return new Set([...text.getClientRects()].map((one) => Math.round(one.top))).size;
        })"""
    )
    return counted


def crowded(page: Page) -> list[str]:
    """What stands right below something else, or touches it: forms, and what follows one."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("main form + *, main * + form")].filter((each) => {
            const [before, own] = [each.previousElementSibling, each].map((one) => one.getBoundingClientRect());
            return own.height && before.height && own.top >= before.top && own.top < before.bottom + 8
                && own.left < before.right;
        }).map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found


def beside_their_fields(page: Page) -> list[str]:
    """Labels of forms that do not stand above their fields."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".find label[for]")].filter((each) =>
            each.getBoundingClientRect().bottom > document.getElementById(each.htmlFor).getBoundingClientRect().top)
            .map((each) => each.textContent)"""
    )
    return found


def beside(page: Page, label: str, box: str) -> bool:
    """Whether a box to tick is within the one line of its label, before the words."""
    around, tick = page.locator(label).bounding_box(), page.locator(box).bounding_box()
    assert around is not None
    assert tick is not None
    return tick["width"] < 32 and tick["x"] - around["x"] < 8 and around["height"] < 48
