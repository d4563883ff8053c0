"""`/money`: what came in by hour, committee, campaign and source; pledges that fail; people near a giving limit.

Sums of fewer than ten gifts stand together with others, so that no gift follows from them. Givers are not
counted in the flow; there are no more of them than of gifts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from msgspec import Struct
from starlette.exceptions import HTTPException

from streams.domain.pressure.policy import GivingLimits
from streams.services.console import desk_people, desk_reading
from streams.services.console.charts import columns
from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Dimension, Span
from streams.services.console.desk_people import CommitteeStock, Limit, NearLimit, Person
from streams.services.console.desk_reading import Gifts
from streams.services.console.desk_schema import HOUR_MS
from streams.services.console.gate import Console, posted
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.console.pages.person_looks import REASONS
from streams.services.console.rights import FEWEST, SEES_MONEY, Cell, Scope, Viewer, may, merge_small
from streams.services.console.small_cells import added, split, together
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import Words

EVERY_S = 5
HOURS = 24
NEAR = 0.9
"""The part of a giving limit from which on somebody nears it."""
MOST_PEOPLE = 100


class HourRow(Struct, frozen=True):
    """An hour of money. `gifts` None: of too few to be shown by itself; `start_ms` None: several hours together."""

    start_ms: int | None
    gifts: int | None
    gross: Mapping[str, int] | None
    refunded: Mapping[str, int] | None
    net: Mapping[str, int] | None
    hours: int = 1


class MoneyRow(Struct, frozen=True):
    """A line of a table of money. `together`: how many it stands for, 0 for one that stands by itself."""

    name: str
    gifts: int
    gross: Mapping[str, int]
    refunds: int
    refunded: Mapping[str, int]
    net: Mapping[str, int]
    together: int = 0


class StockRow(Struct, frozen=True):
    """What a committee was given so far. `people` None: several committees together."""

    name: str
    net: Mapping[str, int]
    people: int
    together: int = 0


class Flow(NamedTuple):
    """Money of a day. `since_ms` None: the desk has nothing of it yet."""

    since_ms: int | None
    whole: Gifts
    hours: Sequence[Gifts]
    by: Mapping[Dimension, Sequence[Gifts]]


_NOTHING = Gifts((), None, 0, {}, 0, {}, 0, 0)
_BY: tuple[Dimension, ...] = ("committee", "campaign", "source")


def flow(desk: Desk, now_ms: int, scope: Scope) -> Flow:
    """The money of the last day, whole hours from the first on."""
    known = desk_reading.known_since_ms(desk)
    if known is None or known > now_ms:
        return Flow(None, _NOTHING, (), {})
    since = max(now_ms // HOUR_MS * HOUR_MS - (HOURS - 1) * HOUR_MS, known)
    span = Span(since, now_ms + 1)
    whole = desk_reading.money(desk, span, scope)
    return Flow(
        since_ms=since,
        whole=whole[0] if whole else _NOTHING,
        hours=desk_reading.money(desk, span, scope, slot_ms=HOUR_MS),
        by={dimension: desk_reading.money(desk, span, scope, (dimension,)) for dimension in _BY},
    )


async def load_hours(asked: PageRequest) -> Loaded:
    """Net by hour, and the day in figures."""
    found = await asked.ask(flow, asked.now_ms, asked.viewer.scope)
    fresh = await standing_of(asked)
    words = asked.words
    starts = [] if found.since_ms is None else [*range(found.since_ms // HOUR_MS * HOUR_MS, asked.now_ms + 1, HOUR_MS)]
    rows = [*hour_rows(found.hours)]
    currency = main_currency(found.whole.gross)
    data = {
        "whole": found.whole,
        "is_shown": found.whole.gifts == 0 or found.whole.gifts >= FEWEST,
        "since_ms": found.since_ms,
        "rows": rows,
        "currency": currency,
        "chart": "" if currency is None else hour_chart(rows, starts, currency, words),
        "ticks": ticks_of(starts),
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def ticks_of(starts: Sequence[int]) -> list[int]:
    """Times for the axis below columns of these hours, evenly from the left edge to the right one."""
    if not starts:
        return []
    return [starts[0] + place * len(starts) * HOUR_MS // 4 for place in range(5)]


def main_currency(amounts: Mapping[str, int]) -> str | None:
    """The currency of the largest sum; None where there is none."""
    return max(amounts, key=lambda name: amounts[name], default=None)


def hour_rows(hours: Sequence[Gifts]) -> Iterator[HourRow]:
    """A line for each hour with gifts or refunds, the latest first, and one for those with too few gifts."""
    shown, hidden = split(hours, lambda each: str(each.start_ms))
    for each in sorted(shown, key=lambda one: -(one.start_ms or 0)):
        yield HourRow(each.start_ms, each.gifts, each.gross, each.refunded, each.net)
    if hidden:
        whole = together(hidden)
        few = whole.gifts < FEWEST
        yield HourRow(
            None,
            None if few else whole.gifts,
            None if few else whole.gross,
            None if few else whole.refunded,
            None if few else whole.net,
            len(hidden),
        )


def hour_chart(rows: Sequence[HourRow], starts: Sequence[int], currency: str, words: Words) -> Markup:
    """Net of each hour as columns; of hours that stand together none is known by itself."""
    net = {row.start_ms: (row.net or {}).get(currency, 0) for row in rows if row.start_ms is not None}
    hides = any(row.start_ms is None for row in rows)
    values: list[float | None] = [net.get(start, None if hides else 0) for start in starts]
    return columns(values, words.text("Gifts less refunds by hour; the table has the numbers"))


def money_rows(found: Sequence[Gifts], words: Words) -> Iterator[MoneyRow]:
    """A line for each committee, campaign or source with money, the largest first, and one for the small ones."""
    moved = [each for each in found if each.gifts or each.refunds]
    shown, hidden = split(moved, lambda each: each.values[0])
    for each in sorted(shown, key=lambda one: (-max([*one.gross.values(), 0]), one.values)):
        yield _money_row(each, each.values[0] or words.text("not said"))
    if hidden and (whole := together(hidden)).gifts >= FEWEST:
        name = words.plural("{n} with few gifts", "{n} with few gifts, together", len(hidden))
        yield _money_row(whole, name, len(hidden))


def _money_row(each: Gifts, name: str, count: int = 0) -> MoneyRow:
    return MoneyRow(name, each.gifts, each.gross, each.refunds, each.refunded, each.net, count)


async def load_committees(asked: PageRequest) -> Loaded:
    """The day by committee, campaign and source, and what each committee has in all."""
    scope = asked.viewer.scope
    found = await asked.ask(flow, asked.now_ms, scope)
    stock = await asked.ask(desk_people.committees, scope)
    fresh = await standing_of(asked)
    words = asked.words
    data = {
        "tables": {name: [*money_rows(found.by.get(name, ()), words)] for name in _BY},
        "stock": [*stock_rows(stock, words)],
        "since_ms": found.since_ms,
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def stock_rows(found: Sequence[CommitteeStock], words: Words) -> Iterator[StockRow]:
    """What each committee was given so far, of ten people or more; the others together."""
    whole = [each for each in found if not each.election]
    cells, merged = merge_small([Cell((each.committee,), each.people) for each in whole])
    names = {cell.keys[0] for cell in cells}
    for each in sorted(whole, key=lambda one: -max([*one.net.values(), 0])):
        if each.committee in names:
            yield StockRow(each.committee or words.text("not said"), each.net, each.people)
    hidden = [each for each in whole if each.committee not in names]
    if merged is not None and merged.people >= FEWEST:
        name = words.plural("{n} with few givers", "{n} with few givers, together", len(hidden))
        yield StockRow(name, added(each.net for each in hidden), merged.people, len(hidden))


async def load_pledges(asked: PageRequest) -> Loaded:
    """Pledges that failed or were cancelled today, and people whose pledges fail now."""
    scope = asked.viewer.scope
    found = await asked.ask(flow, asked.now_ms, scope)
    count: int | None = None
    if scope.committees is None:
        count = await asked.ask(desk_people.count_people, "failing_pledges", scope, MOST_PEOPLE + 1)
    fresh = await standing_of(asked)
    data = {
        "whole": None if found.since_ms is None else found.whole,
        "is_known": count is not None,
        "count": None if count is None or count > MOST_PEOPLE else count,
        "most": MOST_PEOPLE,
        "fewest": FEWEST,
        "since_ms": found.since_ms,
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def sees_givers(viewer: Viewer) -> bool:
    """Whether somebody sees of people by id what they give."""
    return may(viewer, "see_people") and not viewer.roles.isdisjoint(SEES_MONEY)


def limits_of(giving: GivingLimits, stock: Sequence[CommitteeStock]) -> list[Limit]:
    """The limits that hold for each committee and election that anybody has given to."""
    return [
        Limit(each.committee, each.election, currency, limit)
        for each in stock
        if each.election
        for currency, limit in giving.limit(each.committee, each.election).items()
    ]


async def load_limits(asked: PageRequest) -> Loaded:
    """How many people have given nine tenths of what the policy lets them give, or more."""
    giving = asked.deps.judge.policy.giving
    near = await _near(asked, MOST_PEOPLE + 1)
    fresh = await standing_of(asked, "contact-state")
    data = {
        "near": near,
        "count": None if len(near) > MOST_PEOPLE else len(near),
        "most": MOST_PEOPLE,
        "fewest": FEWEST,
        "has_limits": bool(giving.limits),
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


async def _near(asked: PageRequest, most: int) -> Sequence[NearLimit]:
    scope = asked.viewer.scope
    stock = await asked.ask(desk_people.committees, scope)
    limits = tuple(limits_of(asked.deps.judge.policy.giving, stock))
    return await asked.ask(desk_people.near_limits, limits, NEAR, scope, most)


async def load_givers(asked: PageRequest) -> Loaded:
    """Who nears a limit, and whose pledge fails: for who may see that, has said why, and is written down to look.

    So it is loaded for each reader, and is not live. Raises AuditUnavailable.
    """
    viewer, sees = asked.viewer, sees_givers(asked.viewer)
    near: Sequence[NearLimit] = ()
    people: Sequence[Person] = ()
    if sees and asked.reason:
        near = await _near(asked, MOST_PEOPLE)
        if viewer.scope.committees is None:
            people = await asked.ask(desk_people.people, "failing_pledges", viewer.scope, MOST_PEOPLE)
        shown = {each.contact_id for each in near} | {each.contact_id for each in people}
        await asked.deps.views.people(viewer, asked.reason, sorted(shown))
    return Loaded({"sees": sees, "reason": asked.reason, "near": near, "people": people}, None)


def routes(console: Console) -> APIRouter:
    """The route of saying why one looks at who gives."""
    router = APIRouter()

    @router.post("/money/givers")
    async def givers(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_money")
        if said.get("reason") not in REASONS:
            raise HTTPException(422)
        await console.sessions.change(signed_in, console.deps.wall(), {"reason": said["reason"]})
        return RedirectResponse("/money#block-givers", 303)

    return router


MONEY = Page(
    path="/money",
    name="money",
    title="Money",
    menu="Money",
    act="see_money",
    blocks=(
        Block("hours", EVERY_S, load_hours, "money_hours.html", "The last 24 hours", STALE_S),
        Block("limits", EVERY_S, load_limits, "money_limits.html", "Near a giving limit", STALE_S),
        Block("pledges", EVERY_S, load_pledges, "money_pledges.html", "Pledges", STALE_S),
        Block("givers", 0, load_givers, "money_givers.html", "Who they are"),
        Block("committees", EVERY_S, load_committees, "money_committees.html", "Where it came in", STALE_S),
    ),
    template="money.html",
)
PAGES = (MONEY,)
