"""What a page of the console is: an address, who may see it, and blocks that are loaded and kept fresh one by one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar

from redis.asyncio import Redis

from streams.domain.messages import CodedMessage
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.rights import EVERYTHING, Act, Lack, Viewer
from streams.services.console.words import Words

Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")
_APART_MS = 60_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Whoever looks at a page, and at what: `params` of its path and query, those that the page knows.

    `now_ms`: the console's clock, ms since 1970 (the demo's is the time of its latest event). `reason`: why they look
    at people, as they said in this session; `subject`: what the page's `enter` has found.
    """

    viewer: Viewer
    words: Words
    now_ms: int
    params: Mapping[str, str]
    deps: ConsoleDependencies
    reason: str = ""
    subject: Any = None

    @property
    def wall_ms(self) -> int:
        """What time it is, ms since 1970: data are as of such a time, also where `now_ms` is of another clock."""
        return self.deps.wall()

    @property
    def has_own_clock(self) -> bool:
        """Whether `now_ms` is of another clock than the wall's."""
        return abs(self.now_ms - self.wall_ms) > _APART_MS

    def by_clock(self, wall_ms: int | None) -> int | None:
        """A moment of the wall's clock by the one clock that a page shows."""
        if wall_ms is None or not self.has_own_clock:
            return wall_ms
        return wall_ms + self.now_ms - self.wall_ms

    async def ask(
        self, query: Callable[Concatenate[Desk, Rest], Answer], /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> Answer:
        """The answer of the desk to a query of `desk_reading` or `desk_people`. Raises Withheld where there is none."""
        if self.deps.desk is None:
            raise Withheld(
                "This console has no desk, from which these figures come. Whoever operates Harmonia can give it one."
            )
        try:
            return await self.deps.desk.ask(query, *args, **kwargs)
        except DeskMissing:
            raise Withheld(
                "The desk is not filled yet. That begins once whoever operates Harmonia has it followed."
            ) from None

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
    """A block shows nothing, and why: a message, or English as a key of the catalogue. Not a failure."""

    def __init__(self, why: CodedMessage | str) -> None:
        super().__init__(why if isinstance(why, str) else why.code)
        self.why = why


def require_everything(asked: PageRequest) -> None:
    """Raise Withheld for who sees a part, of what nobody has said which part it belongs to."""
    if asked.viewer.scope != EVERYTHING:
        raise Withheld(
            "These are of all teams, regions and committees, so whoever sees some of these only does not see them."
        )


class PageRefused(Exception):
    """A page is not shown. `title` and `text`: English, as keys of the catalogue."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text

    @classmethod
    def not_allowed(cls, lacks: Sequence[Lack]) -> Self:
        """Somebody may not do what the page is for; `lacks`: what is missing, the right where nothing is said."""
        if lacks and "right" not in lacks:
            return cls(
                403,
                "Not allowed here",
                "The settings of this console allow it to nobody. Whoever runs the console can allow it.",
            )
        return cls(
            403,
            "Not for your roles",
            "None of your roles may do this. Whoever keeps the file of people can change that.",
        )

    @classmethod
    def not_found(cls) -> Self:
        """What is not there, or is outside the viewer's scope: nobody can tell one from the other."""
        return cls(404, "Not found", "There is nothing at this address, or nothing that you may see.")


class Elsewhere(Exception):
    """What was asked for is at another path of the console."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


Load = Callable[[PageRequest], Awaitable[Loaded]]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page. `load` gives its data or raises, `template` shows them; `every_s` 0: it is not live.

    `stale_s`: the age in seconds at which it counts as stopped; 0: three times its rate. `heading`: English, as a key
    of the catalogue. Live blocks are rendered once for all viewers who see the same.
    """

    id: str
    every_s: float
    load: Load
    template: str
    heading: str = ""
    stale_s: float = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `path`: as FastAPI writes it, `/field/{region}`; `name`: of its route and in `/events?page=`.

    `title`: English, as a key of the catalogue. `params`: names of its path and query that its blocks read, each with
    the regular expression of its values. `within`: those that must be in the viewer's scope, and as what; else it is
    404, and written down. `enter`: called before anything is loaded, gives `subject`, or raises PageRefused or
    Elsewhere. `menu`: the entry of the menu that leads to it, English too; none for most pages. `under`: the path of
    the page of the menu to which it belongs, where its own path does not say so.
    """

    path: str
    name: str
    title: str
    act: Act
    blocks: tuple[Block, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, Literal["team", "region", "committee"]] = field(default_factory=dict)
    enter: Callable[[PageRequest], Awaitable[object]] | None = None
    menu: str = ""
    under: str = ""
    template: str = "page.html"

    @property
    def is_live(self) -> bool:
        """Whether any block changes by itself."""
        return any(block.every_s for block in self.blocks)
