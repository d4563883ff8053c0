"""What a page is sent: its files and what is live."""

import asyncio
import hashlib
import re
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import pytest
from fastapi import FastAPI
from markupsafe import Markup
from prometheus_client import CollectorRegistry

from streams.operations.status.alert_rules import SEVERITIES, UNSEEN, runbook_name
from streams.services.console.live import AGES, Change, Hub, OpenStreams, Rendered, Sent, age_of
from streams.services.console.live_pace import LANES
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.page import Block, Loaded, Page, PageRequest, Withheld
from streams.services.console.rendering import render_signed_out
from streams.services.console.rights import Scope, Viewer
from streams.services.console.runbooks import runbook, runbook_names
from streams.services.console.security import with_headers
from streams.services.console.static_files import STATIC, add_static_files, digest_of, static_url
from streams.services.console.words import Words

NOW = 1_352_254_440_000
ADA = Viewer("ada", frozenset({"operations"}))
TEMPLATE = "withheld.html"
"""Shows `why`."""


@dataclass(slots=True)
class Clock:
    """Both clocks of a console: seconds that only grow, and what time it is, ms since 1970."""

    seconds: float = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> int:
        return NOW + round(1000 * (self.seconds - 100))


@dataclass(slots=True)
class Figures:
    """What a block loads: `text`, or an error; counts how often it was asked."""

    clock: Clock
    text: str = "one"
    error: Exception | None = None
    asked: int = 0
    stopped_at_ms: int | None = None

    async def load(self, request: PageRequest) -> Loaded:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Loaded({"why": f"{self.text} for {request.viewer.scope.regions}"}, self.clock.wall(), self.stopped_at_ms)


@dataclass(slots=True)
class Site:
    """A page with one live block and one that is not, on a hub."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.figures, self.others = Figures(self.clock), Figures(self.clock, "other")
        self.live = Block("live", 2, self.figures.load, TEMPLATE)
        self.fixed = Block("fixed", 0, self.others.load, TEMPLATE)
        self.page = Page("/p", "p", "Status", "see_status", (self.live, self.fixed))
        self.hub = Hub(ConsoleMetrics(CollectorRegistry()), self.clock.monotonic)

    figures: Figures = field(init=False)
    others: Figures = field(init=False)
    live: Block = field(init=False)
    fixed: Block = field(init=False)
    page: Page = field(init=False)
    hub: Hub = field(init=False)

    def request(self, viewer: Viewer = ADA) -> PageRequest:
        deps = cast(Any, type("Deps", (), {"wall": staticmethod(self.clock.wall)}))
        return PageRequest(viewer, Words(viewer.language), self.clock.wall(), {}, deps)

    async def changes(self, sent: Sent, viewer: Viewer = ADA) -> list[Change]:
        return [each async for each in self.hub.changes(self.page, self.request(viewer), sent)]


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_block_is_loaded_once_for_all_who_see_the_same_within_its_rate(site: Site) -> None:
    for name in ("ada", "bob", "eve"):
        await site.hub.block(site.page, site.live, site.request(Viewer(name, frozenset({"operations"}))))
    assert site.figures.asked == 1
    site.clock.seconds += 2
    await site.hub.block(site.page, site.live, site.request())
    assert site.figures.asked == 2


async def test_while_time_is_short_a_page_shows_what_was_rendered_for_open_ones_for_longer(site: Site) -> None:
    site.hub.pace.stretch = 2.0
    await site.changes(Sent())
    site.clock.seconds += 1.5
    await site.hub.block(site.page, site.live, site.request())
    assert site.figures.asked == 1
    site.clock.seconds += 2.5
    await site.hub.block(site.page, site.live, site.request())
    assert site.figures.asked == 2


async def test_what_two_audiences_see_is_loaded_in_the_same_second_from_then_on(site: Site) -> None:
    eve = Viewer("eve", frozenset({"figures", "operations"}))
    seconds: dict[str, list[float]] = {"ada": [], "eve": []}
    for step in range(40):
        site.clock.seconds = 100 + step / 4
        for viewer in (ADA, eve) if step > 3 else (ADA,):
            before = site.figures.asked
            await site.changes(Sent(), viewer)
            if site.figures.asked > before:
                seconds[viewer.name].append(site.clock.seconds)
    assert seconds["ada"][-3:] == seconds["eve"][-3:]


async def test_a_page_does_not_wait_for_an_open_one_that_waits_for_its_turn(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(LANES):
            await stack.enter_async_context(site.hub.pace.turn())
        waits = asyncio.create_task(site.changes(Sent()))
        await asyncio.sleep(0)
        shown = await site.hub.block(site.page, site.live, site.request())
        assert not waits.done()
        assert "one" in shown.html
    assert "one" in (await waits)[0].data
    assert site.figures.asked == 1


async def test_after_a_change_from_here_nobody_is_shown_what_was_loaded_before_it(site: Site) -> None:
    await site.hub.block(site.page, site.live, site.request())
    site.figures.text = "held"
    site.hub.changed()
    assert "held" in (await site.hub.block(site.page, site.live, site.request())).html
    assert site.figures.asked == 2


async def test_on_a_page_with_a_clock_of_its_own_all_times_are_of_that_clock(site: Site) -> None:
    site.figures.stopped_at_ms = NOW - 5 * 60_000
    hour = 3_600_000
    rendered = await site.hub.block(site.page, site.live, site.request())
    assert age_of(site.live, rendered, site.request())["text"] == f"stopped at {Words('en').time(NOW - 5 * 60_000)}"
    own = replace(site.request(), now_ms=NOW - 5 * hour)
    assert own.has_own_clock
    assert age_of(site.live, rendered, own)["text"] == f"stopped at {Words('en').time(NOW - 5 * hour - 5 * 60_000)}"


async def test_whoever_sees_another_part_never_gets_somebody_elses_block(site: Site) -> None:
    ohio = Viewer("eve", frozenset({"operations"}), Scope(regions=frozenset({"US-OH"})))
    everything = await site.hub.block(site.page, site.live, site.request())
    part = await site.hub.block(site.page, site.live, site.request(ohio))
    assert "US-OH" not in everything.html
    assert "US-OH" in part.html


async def test_a_block_that_is_not_live_is_loaded_for_each_who_asks(site: Site) -> None:
    for _ in range(3):
        await site.hub.block(site.page, site.fixed, site.request())
    assert site.others.asked == 3


async def test_a_stream_sends_what_has_changed_and_nothing_else(site: Site) -> None:
    sent = Sent()
    first = await site.changes(sent)
    assert [event for event, _ in first] == ["", AGES]
    assert '<hx-partial hx-target="#body-live" hx-swap="innerMorph">' in first[0][1]
    assert await site.changes(sent) == []
    site.figures.text = "two"
    site.clock.seconds += 2
    changed = await site.changes(sent)
    assert "two" in changed[0][1]
    assert site.others.asked == 0


async def test_a_stream_that_has_nothing_to_send_says_that_it_lives(site: Site) -> None:
    sent = Sent()
    await site.changes(sent)
    site.clock.seconds += 4
    assert [event for event, _ in await site.changes(sent)] == [AGES]


async def test_a_block_that_fails_keeps_what_it_had_and_says_since_when(site: Site) -> None:
    good = await site.hub.block(site.page, site.live, site.request())
    site.figures.error = RuntimeError("the disk is gone")
    site.clock.seconds += 60
    stale = await site.hub.block(site.page, site.live, site.request())
    assert stale.html == good.html
    assert age_of(site.live, stale, site.request()) == {"text": "stopped at 02:14", "state": "stopped"}


async def test_a_block_that_has_never_worked_says_so_and_does_not_fail_the_page(site: Site) -> None:
    site.figures.error = RuntimeError("the disk is gone")
    shown = await site.hub.block(site.page, site.live, site.request())
    assert "does not answer" in shown.html
    assert "disk" not in shown.html
    assert age_of(site.live, shown, site.request())["state"] == "stopped"


async def test_what_is_withheld_shows_its_reason_and_none_of_what_was_there(site: Site) -> None:
    await site.hub.block(site.page, site.live, site.request())
    site.figures.error = Withheld("Not found")
    site.clock.seconds += 2
    shown = await site.hub.block(site.page, site.live, site.request())
    assert "Not found" in shown.html
    assert "one" not in shown.html
    assert age_of(site.live, shown, site.request()) == {"text": "", "state": "withheld"}


@pytest.mark.parametrize(("age_s", "state"), [(0, "live"), (6, "live"), (6.1, "stopped")])
def test_a_block_has_stopped_at_three_times_its_rate(site: Site, age_s: float, state: str) -> None:
    rendered = Rendered(Markup("x"), NOW - round(1000 * age_s))
    assert age_of(site.live, rendered, site.request())["state"] == state


def test_what_says_itself_that_it_has_stopped_is_grey_at_once(site: Site) -> None:
    told = age_of(site.live, Rendered(Markup("x"), NOW, stopped_at_ms=NOW - 120_000), site.request())
    assert told == {"text": "stopped at 02:12", "state": "stopped"}


def test_nothing_that_was_never_as_of_a_time_looks_live(site: Site) -> None:
    assert age_of(site.live, Rendered(Markup("x"), None), site.request()) == {"text": "no data yet", "state": "stopped"}


async def test_blocks_that_nobody_asks_for_any_more_are_dropped(site: Site) -> None:
    eve = Viewer("eve", frozenset({"figures", "operations"}))
    await site.changes(Sent(), eve)
    site.clock.seconds += 61
    await site.changes(Sent())
    site.clock.seconds -= 61
    before = site.figures.asked
    await site.hub.block(site.page, site.live, site.request(eve))
    assert site.figures.asked == before + 1


async def test_ages_are_told_by_block(site: Site) -> None:
    told = orjson.loads((await site.changes(Sent()))[-1][1])
    assert told == {"now": "02:14", "blocks": {"live": {"text": "0 s ago", "state": "live"}}}


async def test_a_hub_that_closes_lets_every_stream_end(site: Site) -> None:
    site.hub.close()
    assert await site.hub.wait() is False


def test_a_session_has_so_many_live_pages_and_all_together_so_many() -> None:
    streams = OpenStreams(of_one=2, of_all=3)
    with ExitStack() as opened:
        admitted = [opened.enter_context(streams.one_more(session)) for session in ("a", "a", "a", "b", "c")]
        assert admitted == [True, True, False, True, False]
    with streams.one_more("a") as is_admitted:
        assert is_admitted


ORIGIN = "https://console.test"


def client() -> httpx.AsyncClient:
    app = FastAPI()
    add_static_files(app)
    served = with_headers(app, ConsoleMetrics(CollectorRegistry()), ORIGIN)
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=ORIGIN)


async def test_what_a_page_loads_is_there_and_kept_for_ever() -> None:
    context = {"theme": "auto", "title": "Not found", "text": ""}
    page = render_signed_out("signed_out_message.html", Words("en"), context)
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    async with client() as browser:
        for address in [*addresses, static_url("console.js")]:
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


async def test_the_address_of_another_version_gives_nothing_that_is_kept() -> None:
    async with client() as browser:
        for address in ("/static/console.js", "/static/0123456789abcdef/console.js"):
            answer = await browser.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_styles_find_the_font_beside_them() -> None:
    named = re.findall(r'url\("([^"]+)"\)', (STATIC / "console.css").read_text())
    assert named
    async with client() as browser:
        for name in named:
            answer = await browser.get(str(httpx.URL(ORIGIN + static_url("console.css")).join(name)))
            assert answer.status_code == 200


def test_the_version_is_another_once_one_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("2")
    before = digest_of(tmp_path)
    assert digest_of(tmp_path) == before
    (tmp_path / "a.js").write_text("3")
    assert digest_of(tmp_path) != before


def test_a_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(FileNotFoundError):
        static_url("missing.js")


def test_no_template_names_a_file_without_its_version() -> None:
    templates = list((STATIC.parent / "templates").glob("*.html"))
    assert templates
    assert [each.name for each in templates if "/static/" in each.read_text()] == []


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    listed = re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)
    vendored = {file.name for file in STATIC.iterdir() if ".min." in file.name or file.suffix in (".woff2", ".json")}
    assert {name for name, _ in listed} == vendored
    for name, digest in listed:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_every_alert_that_the_status_names_has_a_runbook() -> None:
    assert {runbook_name(alert) for alert in (*SEVERITIES, *UNSEEN)} <= set(runbook_names())


def test_a_runbook_shows_its_title_and_leads_only_to_others() -> None:
    for name in runbook_names():
        found = runbook(name)
        assert found is not None
        assert found.title
        assert all(link.startswith("/status/") for link in re.findall(r'href="([^"]*)"', found.html)), name
        assert not re.search(r"<script|style=|javascript:", found.html), name


def test_links_between_runbooks_are_pages_of_the_console() -> None:
    found = runbook("sink-behind")
    assert found is not None
    assert '<a href="/status/redis-full">redis-full</a>' in found.html


def test_what_is_no_runbook_is_none() -> None:
    assert runbook("README") is None
    assert runbook("../adr/0001") is None
