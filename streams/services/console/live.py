"""The live hub: renders each block once a tick for all who see the same, and streams to each open page what changed.

Nothing is loaded while nobody looks. Every open page has one stream; of its blocks it sends those whose text differs
from what it last sent, and once a second, where they differ, the ages of all.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from zlib import crc32

import orjson
from markupsafe import Markup
from typing_extensions import TypedDict

from streams.services.console.live_pace import Pace
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.page import Block, Loaded, Page, PageRequest, Withheld
from streams.services.console.rendering import partial, render, render_block
from streams.services.console.words import Words

logger = logging.getLogger(__name__)

AGES = "ages"
"""The event of a stream that tells the ages of blocks."""
TICK_S = 1.0
SILENT_S = 4.0
"""Seconds after which ages are sent again although they are the same: a page that hears nothing says so."""
LOAD_S = 10.0
"""Seconds that a block may take to load; one that takes longer has failed."""
FORGET_S = 60.0
STALE_AFTER = 3
"""A block older than so many times its rate has stopped."""

STREAMS_OF_ONE, STREAMS_OF_ALL = 24, 512
"""Open pages that may be live at once: of one session, and of all of them, which is half of all connections."""

State = Literal["live", "stopped", "withheld", "fixed"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The inside of a block, and as of when it is right. `why`: `withheld` or `failed` where there are no data."""

    html: Markup
    as_of_ms: int | None
    stopped_at_ms: int | None = None
    why: Literal["", "withheld", "failed"] = ""

    def state(self, block: Block, now_ms: int) -> State:
        """Whether the block is live at a time."""
        if self.why == "withheld":
            return "withheld"
        if self.why == "failed" or self.stopped_at_ms is not None:
            return "stopped"
        if not block.every_s:
            return "fixed"
        limit_s = block.stale_s or STALE_AFTER * block.every_s
        late = self.as_of_ms is None or now_ms - self.as_of_ms > 1000 * limit_s
        return "stopped" if late else "live"


@dataclass(slots=True)
class _Entry:
    """A block as some audience sees it. `at`: when it was loaded, `used`: last asked for, by a monotonic clock.

    `change`: the number of the change of the hub that it was loaded after. `turn`: held by the one open page that waits
    until it may load it, `lock` by whoever does.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    at: float = float("-inf")
    used: float = 0.0
    change: int = 0
    rendered: Rendered | None = None
    good: Rendered | None = None
    """The last one that had data: it stays, greyed, while loading fails."""


class Age(TypedDict):
    """How old a block is, in words, and its state."""

    text: str
    state: State


def age_of(block: Block, rendered: Rendered, request: PageRequest) -> Age:
    """The age of a block at the time of a request: `2 s`, or since when it has stopped."""
    words, state = request.words, rendered.state(block, request.wall_ms)
    if state == "withheld" or (state == "fixed" and rendered.as_of_ms is None):
        return {"text": "", "state": state}
    if state == "stopped":
        since = rendered.as_of_ms if rendered.stopped_at_ms is None else rendered.stopped_at_ms
        text = words.text("no data yet")
        if since is not None:
            text = words.text("stopped at {time}", time=words.time(request.by_clock(since)))
        return {"text": text, "state": state}
    age = words.ago(request.wall_ms - (rendered.as_of_ms or 0))
    return {"text": words.text("{ago} ago", ago=age), "state": state}


def why_withheld(reason: Withheld, words: Words) -> str:
    """Why something is not shown, in the reader's words."""
    return words.text(reason.why) if isinstance(reason.why, str) else words.message(reason.why)


@dataclass(slots=True)
class Sent:
    """What an open page was sent last: blocks by id, and ages with when that was, by a monotonic clock."""

    blocks: dict[str, str] = field(default_factory=dict)
    ages: str = ""
    ages_at: float = float("-inf")


class Change(NamedTuple):
    """An event of a stream; `event` empty: `data` is HTML that htmx puts in its place."""

    event: str
    data: str


class OpenStreams:
    """Counts streams of open pages, so that nobody can take all connections and all time of the console."""

    def __init__(self, of_one: int = STREAMS_OF_ONE, of_all: int = STREAMS_OF_ALL) -> None:
        self.of_one, self.of_all = of_one, of_all
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, session: str) -> Iterator[bool]:
        """Whether a session may have another stream, which is open for the length of the block then."""
        if self._open[session] >= self.of_one or self._open.total() >= self.of_all:
            yield False
            return
        self._open[session] += 1
        try:
            yield True
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]


class Hub:
    """Renders blocks, live ones once for all who see the same. `monotonic`: seconds that only grow.

    `pace`: pages go before blocks of open pages, which are loaded less often while there is too little time.
    """

    def __init__(self, metrics: ConsoleMetrics, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.streams = OpenStreams()
        self.pace = Pace(monotonic, metrics.stretch.set)
        self._metrics = metrics
        self._clock = monotonic
        self._entries: dict[tuple[object, ...], _Entry] = {}
        self._closed = asyncio.Event()
        self._change = 0
        self._forgot_at = monotonic()

    def changed(self) -> None:
        """Something was changed from here: what was loaded before is shown to nobody any more."""
        self._change += 1

    def close(self) -> None:
        """End all streams."""
        self._closed.set()

    async def block(self, page: Page, block: Block, request: PageRequest) -> Rendered:
        """A block of a page that is asked for: as it was rendered of late, or loaded now, before those of open pages.

        One that is not live is always loaded.
        """
        if not block.every_s:
            return await self._load(page, block, request, None)
        return await self._renewed(self._entry(page, block, request), page, block, request)

    async def _live(self, page: Page, block: Block, request: PageRequest) -> Rendered:
        """A block of an open page; it is loaded when it is its turn."""
        entry = self._entry(page, block, request)
        if not self._is_late(entry, page, block) and entry.rendered is not None:
            return entry.rendered
        async with entry.turn:
            if self._is_late(entry, page, block):
                async with self.pace.turn():
                    return await self._renewed(entry, page, block, request)
            return await self._renewed(entry, page, block, request)

    def _entry(self, page: Page, block: Block, request: PageRequest) -> _Entry:
        params = tuple(sorted(request.params.items()))
        entry = self._entries.setdefault((page.name, block.id, params, request.viewer.audience), _Entry())
        entry.used = self._clock()
        return entry

    async def _renewed(self, entry: _Entry, page: Page, block: Block, request: PageRequest) -> Rendered:
        async with entry.lock:
            if entry.rendered is None or self._is_late(entry, page, block):
                entry.change = self._change
                entry.rendered = await self._load(page, block, request, entry.good)
                entry.at = self._clock()
                if not entry.rendered.why and entry.rendered.stopped_at_ms is None:
                    entry.good = entry.rendered
        return entry.rendered

    def _is_late(self, entry: _Entry, page: Page, block: Block) -> bool:
        """Whether a block is to be loaded anew.

        One that many audiences see is so for all of them in the same second, in which the desk is asked once for all
        who ask the same; other blocks have other seconds.
        """
        if entry.rendered is None or entry.change != self._change:
            return True
        every_s, now = block.every_s * self.pace.stretch, self._clock()
        if now - entry.at >= every_s:
            return True
        shift = crc32(f"{page.name} {block.id}".encode()) % 1000 / 1000 * every_s
        in_same = (now + shift) // every_s == (entry.at + shift) // every_s
        return not in_same and now - entry.at >= every_s / 2

    async def wait(self) -> bool:
        """Wait for the next tick; False: the hub has closed, and no stream goes on."""
        try:
            async with asyncio.timeout(TICK_S):
                await self._closed.wait()
        except TimeoutError:
            return True
        return False

    async def changes(self, page: Page, request: PageRequest, sent: Sent) -> AsyncIterator[Change]:
        """What a page that is open has to be sent now. `sent`: what it was sent before; kept up to date."""
        ages = {}
        for block in page.blocks:
            if not block.every_s:
                continue
            rendered = await self._live(page, block, request)
            ages[block.id] = age_of(block, rendered, request)
            if sent.blocks.get(block.id) != rendered.html:
                sent.blocks[block.id] = rendered.html
                yield Change("", partial(block, rendered.html))
        told = orjson.dumps({"now": request.words.time(request.now_ms), "blocks": ages}).decode()
        if sent.ages != told or self._clock() - sent.ages_at >= SILENT_S:
            sent.ages, sent.ages_at = told, self._clock()
            yield Change(AGES, told)
        if self._clock() - self._forgot_at >= TICK_S:
            self._forget()

    def _forget(self) -> None:
        """Drop blocks that nobody has asked for in a while: audiences and parameters come and go."""
        self._forgot_at = self._clock()
        oldest = self._forgot_at - FORGET_S
        for key in [
            key
            for key, entry in self._entries.items()
            if entry.used < oldest and not (entry.lock.locked() or entry.turn.locked())
        ]:
            del self._entries[key]

    async def _load(self, page: Page, block: Block, request: PageRequest, good: Rendered | None) -> Rendered:
        started = self._clock()
        rendered, outcome = await self._rendered(block, request, good)
        self._metrics.blocks.labels(page.name, block.id, outcome).inc()
        self._metrics.block_seconds.labels(page.name, block.id).observe(self._clock() - started)
        return rendered

    async def _rendered(
        self, block: Block, request: PageRequest, good: Rendered | None
    ) -> tuple[Rendered, Literal["shown", "withheld", "failed"]]:
        try:
            async with asyncio.timeout(LOAD_S):
                loaded: Loaded = await block.load(request)
            html = render_block(block, request, loaded.data)
            return Rendered(html, loaded.as_of_ms, loaded.stopped_at_ms), "shown"
        except Withheld as reason:
            text = why_withheld(reason, request.words)
            return Rendered(render("withheld.html", request, {"why": text}), None, why="withheld"), "withheld"
        except Exception as error:  # noqa: BLE001 (whatever fails in one block fails no other, and not the page)
            logger.error("block %s: %s", block.id, type(error).__name__)
            if good is not None:
                return Rendered(good.html, good.as_of_ms, good.as_of_ms), "failed"
            return Rendered(render("failed.html", request, {}), None, request.wall_ms, "failed"), "failed"
