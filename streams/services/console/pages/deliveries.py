"""`/deliveries`: what `harmonia deliver` has still to tell each endpoint, and which of them do not answer."""

from msgspec import Struct

from events.times import parse_time
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.deliver.reading import EndpointState

EVERY_S, STALE_S = 5, 45
"""A look is taken every fifteen seconds."""


class EndpointRow(Struct, frozen=True):
    """An endpoint as it is shown. `waits_ms`: for how long the oldest record has waited.

    `open_until_ms`: nothing is sent before, None where that is over; `disabled_ms`: since when it wants no more.
    """

    state: EndpointState
    waits_ms: int | None
    next_ms: int | None
    open_until_ms: int | None
    disabled_ms: int | None

    @property
    def order(self) -> tuple[bool, bool, int, str]:
        """Those first that need somebody."""
        needs = self.disabled_ms is not None or self.state.dead > 0
        return not needs, self.open_until_ms is None, -(self.waits_ms or 0), self.state.id


async def load_endpoints(asked: PageRequest) -> Loaded:
    """All endpoints that were told anything, those first that need somebody."""
    seen = None if asked.deps.deliveries is None else asked.deps.deliveries.last()
    if seen is None:
        return Loaded({"rows": None, "now_ms": asked.now_ms}, asked.wall_ms)
    rows = sorted((row_of(state, asked) for state in seen.states), key=lambda row: row.order)
    return Loaded({"rows": rows, "now_ms": asked.now_ms}, seen.at_ms)


def row_of(state: EndpointState, asked: PageRequest) -> EndpointRow:
    """How an endpoint is shown, times by the page's clock."""
    open_until = parse_time(state.open_until or "")
    is_open = open_until is not None and open_until > asked.wall_ms
    return EndpointRow(
        state,
        None if state.oldest_at is None else asked.wall_ms - state.oldest_at,
        asked.by_clock(state.next_at),
        asked.by_clock(open_until) if is_open else None,
        asked.by_clock(parse_time(state.disabled_at or "")),
    )


DELIVERIES = Page(
    path="/deliveries",
    name="deliveries",
    title="Deliveries",
    menu="Operations",
    act="see_status",
    blocks=(Block("endpoints", EVERY_S, load_endpoints, "deliveries_endpoints.html", "Who is told", STALE_S),),
)
PAGES = (DELIVERIES,)
