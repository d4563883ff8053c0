"""Figures of the desk: what happened, by whom, where and when, and the money of it; campaigns are `desk_campaigns`.

Each function takes the desk, the time it is asked for and whose scope it is asked in, and returns frozen structs.
Times are milliseconds since 1970, sums are minor units by currency. None is "not known", which is never 0.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from streams.services.console.desk import Desk, Row
from streams.services.console.desk_cells import (
    Asked,
    Dimension,
    Scope,
    Span,
    cells_of,
    columns_of,
    where_of,
)
from streams.services.console.desk_schema import FOLLOWED, HOUR_MS, MINUTE_MS

Money = Mapping[str, int]
"""Minor units by currency."""

GIFT, REFUND, CHARGE_FAILED, PLEDGE_CANCELLED = (
    "donation.made", "donation.refunded", "donation.charge_failed", "donation.pledge_cancelled",
)  # fmt: skip
REPORT = "canvass.reported"
SUPPORTERS = (1, 2)
MOST_MET = 100
"""So many people of a place are counted, which is many more than few: counting all of them takes seconds."""
_NEVER = 1 << 62
STOPPED_AFTER_MS = 15_000
"""So long after it was last looked at a topic counts as no longer followed."""


class Slots(NamedTuple):
    """A span of time in slots of `length` ms: a number of minutes, of five where the span is older than two days.

    The first slot begins at or before the span does.
    """

    since: int
    until: int
    length: int


class Freshness(Struct, frozen=True):
    """How far a topic is in the desk.

    `as_of_ms`: all that was in the topic then is in the desk; None: nothing is known of it yet. `complete`: every
    partition is read to its end. `stopped_at_ms`: when the desk last looked at it, where that is too long ago.
    """

    as_of_ms: int | None
    complete: bool
    stopped_at_ms: int | None


class Figures(Struct, frozen=True):
    """Sums over interactions. `happened`: each once, none that was taken back, as profiles count them.

    `counted`: with one version of each gift, refund and report. `amounts`: of those, by currency. `supporters`: reports
    that say support 1 or 2. `machine`: opens and clicks that their sender says a program made.
    """

    happened: int = 0
    counted: int = 0
    amounts: Money = {}
    supporters: int = 0
    machine: int = 0


class Group(Struct, frozen=True):
    """Figures of one value of each dimension that was asked for, in that order; '': it was not said."""

    values: tuple[str, ...]
    figures: Figures


class Curve(Struct, frozen=True):
    """Counts by slot of time. `values`: of the dimensions asked for; `counted`: one number for each slot."""

    values: tuple[str, ...]
    starts: Sequence[int]
    counted: Sequence[int]


class Field(Struct, frozen=True):
    """Canvass reports of one place in a span of time. `turf`: '' where it was not said, or for all of a region.

    `people`: how many different people the reports are about, and as many as there are reports where that is `MOST_MET`
    or more; None: not known, since the reports are no longer kept.
    """

    region: str
    turf: str
    attempts: int
    contacted: int
    supporters: int
    people: int | None
    outcomes: Mapping[str, int]
    last_ms: int


class Gifts(Struct, frozen=True):
    """Money that moved. `values`: of the dimensions asked for; `start_ms`: of the slot, None for the whole span."""

    values: tuple[str, ...]
    start_ms: int | None
    gifts: int
    gross: Money
    refunds: int
    refunded: Money
    failed: int
    cancelled: int

    @property
    def net(self) -> Money:
        """Gifts less refunds."""
        names = sorted({*self.gross, *self.refunded})
        return {name: self.gross.get(name, 0) - self.refunded.get(name, 0) for name in names}


def freshness(desk: Desk, now_ms: int) -> Mapping[str, Freshness]:
    """How fresh the desk is, by topic; of a topic that nothing is known of, nothing is known."""
    found: dict[str, list[Row]] = {}
    for topic, *rest in desk.rows("SELECT topic, next, ends, appended, looked FROM positions"):
        found.setdefault(topic, []).append(tuple(rest))
    return {topic: _freshness(partitions, now_ms) for topic, partitions in found.items()} | {
        topic: Freshness(None, complete=False, stopped_at_ms=None) for topic in FOLLOWED if topic not in found
    }


def _freshness(partitions: Sequence[Row], now_ms: int) -> Freshness:
    at_end = [next_ >= ends for next_, ends, _, _ in partitions]
    as_of = [looked if done else appended for done, (_, _, appended, looked) in zip(at_end, partitions, strict=True)]
    looked = min(looked for *_, looked in partitions)
    stopped = looked if now_ms - looked > STOPPED_AFTER_MS else None
    return Freshness(None if None in as_of else min(as_of), all(at_end), stopped)


def latest_event_ms(desk: Desk) -> int | None:
    """When the latest interaction happened that is no command; the clock of the demo."""
    found: int | None = desk.meta("latest_event")
    return found


def known_since_ms(desk: Desk) -> int | None:
    """Before this the desk has no figures: cells are not kept for longer, or it was begun later."""
    found: int | None = desk.meta("cells_since")
    return found


def people_known_since_ms(desk: Desk) -> int | None:
    """Since when reports are kept each by itself, so that it is known how many people they are about."""
    found: int | None = desk.meta("events_since")
    return found


def figures_by(
    desk: Desk, span: Span, scope: Scope, by: Sequence[Dimension] = ("type",), types: Collection[str] = ()
) -> list[Group]:
    """Figures of a span of time, one group for each combination of the dimensions; `types`: only of these.

    With `by=()` there is one group at most. Groups with the most interactions come first.
    """
    cells = cells_of(Asked(span, scope, types, by))
    columns = columns_of(by)
    found: dict[tuple[str, ...], tuple[list[int], dict[str, int]]] = {}
    rows = desk.rows(
        f"{cells.beginning}SELECT s.currency, sum(c.happened), sum(c.counted), sum(c.amount), sum(c.supporters), "  # nosec B608 # names of ours
        f"sum(c.machine){columns} FROM {cells.source} WHERE {cells.where} GROUP BY s.currency{columns}",
        cells.args,
    )
    for currency, happened, counted, amount, supporters, machine, *values in rows:
        sums, amounts = found.setdefault(tuple(values), ([0, 0, 0, 0], {}))
        for place, value in enumerate((happened, counted, supporters, machine)):
            sums[place] += value
        if currency:
            amounts[currency] = amounts.get(currency, 0) + amount
    groups = [
        Group(values, Figures(sums[0], sums[1], amounts, sums[2], sums[3])) for values, (sums, amounts) in found.items()
    ]
    return sorted(
        (each for each in groups if each.figures.happened), key=lambda each: (-each.figures.happened, each.values)
    )


def curves(
    desk: Desk, slots: Slots, scope: Scope, by: Sequence[Dimension] = ("team",), types: Collection[str] = ()
) -> list[Curve]:
    """How many interactions there were in each slot of time, for sparklines; the largest curves first."""
    cells = cells_of(Asked(Span(slots.since, slots.until), scope, types, by, slots.length))
    columns = columns_of(by)
    first = slots.since // slots.length
    starts = tuple(range(first * slots.length, slots.until, slots.length))
    found: dict[tuple[str, ...], list[int]] = {}
    rows = desk.rows(
        f"{cells.beginning}SELECT c.minute / :slot, sum(c.counted){columns} FROM {cells.source} "  # nosec B608 # names of ours
        f"WHERE {cells.where} GROUP BY c.minute / :slot{columns}",
        {**cells.args, "slot": slots.length},
    )
    for slot, counted, *values in rows:
        found.setdefault(tuple(values), [0] * len(starts))[max(0, slot - first)] += counted
    made = [Curve(values, starts, tuple(counts)) for values, counts in found.items() if any(counts)]
    return sorted(made, key=lambda curve: (-sum(curve.counted), curve.values))


def regions(desk: Desk, span: Span, scope: Scope) -> list[Field]:
    """Canvass reports of each region, those with most attempts first; region '': it was not said."""
    return _fields(desk, span, scope, ("region",), None)


def turfs(desk: Desk, region: str, span: Span, scope: Scope) -> list[Field]:
    """Canvass reports of each turf of a region, those with most attempts first."""
    return _fields(desk, span, scope, ("region", "turf"), region)


def _fields(desk: Desk, span: Span, scope: Scope, by: Sequence[Dimension], region: str | None) -> list[Field]:
    asked = Asked(span, scope, (REPORT,), by, region=region)
    cells = cells_of(asked)
    columns = ", ".join(f"s.{name}" for name in by)
    rows = desk.rows(
        f"{cells.beginning}SELECT {columns}, s.outcome, sum(c.counted), sum(c.supporters), max(c.last) "  # nosec B608 # names of ours
        f"FROM {cells.source} WHERE {cells.where} GROUP BY {columns}, s.outcome",
        cells.args,
    )
    people = _people_met(desk, asked)
    width = len(by)
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row[width + 1]:
            found.setdefault(row[:width], []).append(row[width:])
    fields = [_field(place, group, people) for place, group in found.items()]
    return sorted(fields, key=lambda each: (-each.attempts, each.region, each.turf))


def _field(place: tuple[str, ...], rows: Sequence[Row], people: Mapping[tuple[str, ...], int] | None) -> Field:
    outcomes = {outcome: counted for outcome, counted, _, _ in rows}
    attempts = sum(outcomes.values())
    met = None if people is None else people.get(place, 0)
    return Field(
        region=place[0],
        turf=place[1] if len(place) > 1 else "",
        attempts=attempts,
        contacted=outcomes.get("contacted", 0),
        supporters=sum(supporters for _, _, supporters, _ in rows),
        people=met if met is None or met < MOST_MET else max(met, attempts),
        outcomes=dict(sorted(outcomes.items())),
        last_ms=max(last for *_, last in rows),
    )


def last_reports(desk: Desk, since_ms: int, scope: Scope) -> Mapping[tuple[str, str], int]:
    """By region and turf the minute of the last canvass report, where there was any since then."""
    cells = cells_of(Asked(Span(since_ms // HOUR_MS * HOUR_MS, _NEVER), scope, (REPORT,), ("region", "turf")))
    rows = desk.rows(
        f"{cells.beginning}SELECT s.region, s.turf, max(c.last) FROM {cells.source} "  # nosec B608 # names of ours
        f"WHERE {cells.where} AND c.counted > 0 GROUP BY s.region, s.turf",
        cells.args,
    )
    return {(region, turf): last for region, turf, last in rows if last >= since_ms}


def _people_met(desk: Desk, asked: Asked) -> Mapping[tuple[str, ...], int] | None:
    """How many different people reports are about, by place, `MOST_MET` at most.

    None where part of the span is no longer kept.
    """
    kept: int | None = desk.meta("events_since")
    if kept is None or asked.span.since // MINUTE_MS * MINUTE_MS < kept:
        return None
    where, args = where_of(asked)
    columns = ", ".join(f"s.{name}" for name in asked.by)
    same = " AND ".join(f"s.{name} = place.{name}" for name in asked.by)
    rows = desk.rows(
        f"SELECT place.*, (SELECT count(*) FROM (SELECT DISTINCT f.contact FROM series AS s CROSS JOIN events AS e "  # nosec B608 # names of ours
        "ON e.series = s.series AND e.message = 0 AND e.time >= :since AND e.time < :until "
        "CROSS JOIN fragments AS f ON f.fragment = e.fragment "
        f"WHERE {where} AND {same} AND e.counted LIMIT {MOST_MET})) "
        f"FROM (SELECT DISTINCT {columns} FROM series AS s WHERE {where}) AS place",
        {**args, "since": asked.span.since // MINUTE_MS * MINUTE_MS, "until": asked.span.until},
    )
    return {tuple(place): count for *place, count in rows if count}


def money(
    desk: Desk, span: Span, scope: Scope, by: Sequence[Dimension] = (), slot_ms: int | None = None
) -> list[Gifts]:
    """Gifts, refunds and pledges of a span: by dimension, by slot of time (`HOUR_MS`) or both, in that order."""
    cells = cells_of(Asked(span, scope, _OF_MONEY, by, slot_ms))
    slot = "NULL" if slot_ms is None else f"c.minute / {int(slot_ms)} * {int(slot_ms)}"
    columns = columns_of(by)
    rows = desk.rows(
        f"{cells.beginning}SELECT s.type, s.currency, sum(c.counted), sum(c.amount), {slot} AS slot{columns} "  # nosec B608 # names of ours
        f"FROM {cells.source} WHERE {cells.where} GROUP BY s.type, s.currency, slot{columns}",
        cells.args,
    )
    found: dict[tuple[tuple[str, ...], int | None], list[Row]] = {}
    for type_, currency, counted, amount, start, *values in rows:
        if counted:
            found.setdefault((tuple(values), start), []).append((type_, currency, counted, amount))
    made = [_gifts(values, start, group) for (values, start), group in found.items()]
    return sorted(made, key=lambda each: (each.values, each.start_ms or 0))


def _gifts(values: tuple[str, ...], start: int | None, rows: Sequence[Row]) -> Gifts:
    counts = dict.fromkeys(_OF_MONEY, 0)
    sums: dict[str, dict[str, int]] = {type_: {} for type_ in _OF_MONEY}
    for type_, currency, counted, amount in rows:
        counts[type_] += counted
        sums[type_][currency] = sums[type_].get(currency, 0) + amount
    return Gifts(
        values=values,
        start_ms=start,
        gifts=counts[GIFT],
        gross=sums[GIFT],
        refunds=counts[REFUND],
        refunded=sums[REFUND],
        failed=counts[CHARGE_FAILED],
        cancelled=counts[PLEDGE_CANCELLED],
    )


_OF_MONEY = (GIFT, REFUND, CHARGE_FAILED, PLEDGE_CANCELLED)
