"""What somebody does at a page by the keyboard alone."""

from playwright.sync_api import Page


def press(page: Page, button: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=button, exact=True).focus()
    page.keyboard.press("Enter")


def write(page: Page, text: str, field: str = "#text") -> None:
    """Put a text in the place of that of a field."""
    page.locator(field).focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def choose(page: Page, field: str, option: str) -> None:
    """Choose of a list by the first letters of an option."""
    page.locator(field).focus()
    page.keyboard.type(option)


def follow(page: Page, link: str) -> None:
    """Follow a link."""
    page.get_by_role("link", name=link).first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def speak_french(page: Page) -> None:
    """Choose French, in the panel of whoever is signed in."""
    page.locator(".you summary").focus()
    page.keyboard.press("Enter")
    with page.expect_navigation():
        press(page, "Français")
    page.wait_for_selector("html[lang=fr]")
