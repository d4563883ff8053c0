"""What a page of the console is: an address, who may see it, and blocks that are loaded and kept fresh one by one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from streams.domain.messages import Message
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.rights import Act, Viewer
from streams.services.console.words import Words


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Whoever looks at a page, and at what: `params` of its path and query, those that the page knows.

    `now_ms`: the console's clock, ms since 1970 (the demo's is the time of its latest event).
    """

    viewer: Viewer
    words: Words
    now_ms: int
    params: Mapping[str, str]
    deps: ConsoleDependencies

    @property
    def desk(self) -> Any:
        """The desk, None where this console has none."""
        return self.deps.desk

    @property
    def redis(self) -> Redis:
        """The client of Redis."""
        return self.deps.redis


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a block shows: `data` for its template, right as of `as_of_ms` (None: nobody knows since when).

    `stopped_at_ms`: since when nothing has come any more, although it should have.
    """

    data: Mapping[str, object]
    as_of_ms: int | None
    stopped_at_ms: int | None = None


class Withheld(Exception):
    """A block shows nothing, and why: `message` for whoever looks. Not a failure."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.code)
        self.message = message


Load = Callable[[PageRequest], Awaitable[Loaded]]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page. `load` gives its data or raises, `template` shows them; `every_s` 0: it is not live.

    `heading`: English, as a key of the catalogue. Live blocks are rendered once for all viewers who see the same.
    """

    id: str
    every_s: float
    load: Load
    template: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `path`: as FastAPI writes it, `/field/{region}`; `name`: of its route and in `/events?page=`.

    `title`: English, as a key of the catalogue. `params`: names of its path and query that its blocks read, each with
    the regular expression of its values. `in_menu`: whether the menu leads to it.
    """

    path: str
    name: str
    title: str
    act: Act
    blocks: tuple[Block, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    in_menu: bool = True
    template: str = "page.html"

    @property
    def is_live(self) -> bool:
        """Whether any block changes by itself."""
        return any(block.every_s for block in self.blocks)
