"""Somebody at a browser, of which whatever goes wrong fails the test: errors, what the policy blocks, lost requests."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WIDE, PHONE, ZOOMED = (1280, 800), (360, 740), (640, 400)
"""The last: a wide screen at 200 per cent."""
PATIENCE_MS = 240_000
"""What a page shows comes by then, or hangs."""


@dataclass
class Reader:
    """A browser context with one page, and what went wrong in it. `expected`: HTTP statuses that a test is about."""

    url: str
    context: BrowserContext
    page: Page
    wrong: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.watch(self.page)

    def watch(self, page: Page) -> Page:
        """Note what goes wrong on a page."""
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return page

    def sign_in(self, name: str) -> None:
        """Sign in by token, which is the name."""
        self.page.goto(f"{self.url}/signin")
        self.page.fill("#token", name)
        with self.page.expect_navigation():
            self.page.get_by_role("button").first.click()
        self.page.wait_for_selector(".top")

    def open(self, path: str) -> int:
        """Go to a page; its status."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer.status

    def choose(self, entry: str, page: str) -> None:
        """Go to a page by the menu, under an entry of it."""
        self.page.locator(".menu summary", has_text=entry).click()
        self.page.locator(".menu").get_by_role("link", name=page, exact=True).click()

    def find(self, who: str, reason: str = "called") -> None:
        """Find somebody by what they go by."""
        self.page.goto(f"{self.url}/people")
        self.page.fill("#who", who)
        self.page.select_option("#reason", reason)
        with self.page.expect_navigation():
            self.page.click("main button.primary")

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is."""
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:160]} {each['nodes'][0].get('failureSummary', '')}"
            for each in found["violations"]
        ]

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window as large as that."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def touch(self) -> None:
        """Have a finger in the place of a mouse from now on."""
        self.context.new_cdp_session(self.page).send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        self.page.wait_for_function("matchMedia('(pointer: coarse)').matches")

    def violations_in_each_theme_and_size(self) -> dict[tuple[str, tuple[int, int]], list[str]]:
        """What axe finds wrong with the page, by theme and size; nothing moves while it looks."""
        found: dict[tuple[str, tuple[int, int]], list[str]] = {}
        for theme in ("light", "dark"):
            for size in (WIDE, PHONE):
                self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                self.resize(size)
                if wrong := self.violations():
                    found[theme, size] = wrong
        return found

    def _told(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if any(f"status of {status}" in message.text for status in self.expected):
            return
        self.wrong.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A stream ends with its page, or when its tab is hidden; an icon is not waited for when its page is left.
        # What is saved as a file is no page any more.
        ends_with_its_page = "/events?" in request.url or request.url.endswith(("/icon.svg", "/export", "/download"))
        if ends_with_its_page and request.failure == "net::ERR_ABORTED":
            return
        self.wrong.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.status}: {response.url}")


def reader_of(browser: Browser, url: str, size: tuple[int, int] = WIDE, **options: Any) -> Reader:
    """A new browser context of a size."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    context.set_default_timeout(PATIENCE_MS)
    return Reader(url, context, context.new_page())
