"""From which rows of the desk the figures of a span of time are added up: the fewest that say it exactly.

Of a span its whole hours, or whole five minutes where few labels are asked for, are taken from their sums, and what is
left before and after them from minutes. Where only some types are asked for, rows are looked up one by one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import orjson

from streams.services.console.desk import Desk
from streams.services.console.desk_schema import BROAD_LABELS, COARSE_MS, HOUR_MS, LABELS, MINUTE_MS

Dimension = Literal[
    "type", "campaign", "team", "channel", "region", "turf", "source", "mailbox", "committee", "currency", "outcome"
]
"""What figures can be told apart by."""


class Scope(Protocol):
    """What a viewer may see; None: all of it. The committees bind what is about money."""

    @property
    def teams(self) -> Collection[str] | None: ...
    @property
    def regions(self) -> Collection[str] | None: ...
    @property
    def committees(self) -> Collection[str] | None: ...


class Everything(NamedTuple):
    """The scope of whoever may see all."""

    teams: None = None
    regions: None = None
    committees: None = None


class Span(NamedTuple):
    """From `since` up to but without `until`, ms. Cells are of a minute, those older than two days of five."""

    since: int
    until: int


class Asked(NamedTuple):
    """What is added up: of which time and series, told apart by what, and by slots of which length (ms), if any."""

    span: Span
    scope: Scope
    types: Collection[str] = ()
    by: Collection[Dimension] = ()
    slot_ms: int | None = None
    region: str | None = None


class Cells(NamedTuple):
    """Rows `c` to select from, which have the columns of cells and `first` and `last`, and their series `s`.

    `beginning`: of the query; `source`: what follows FROM; `where`: the condition; `args`: the arguments of all.
    """

    beginning: str
    source: str
    where: str
    args: Mapping[str, object]


class _Table(NamedTuple):
    name: str
    time: str
    length: int
    first: str
    last: str


_MINUTES = _Table("cells", "minute", MINUTE_MS, "c.minute", "c.minute")
_FIVES = _Table("fives", "slot", COARSE_MS, "c.slot", "c.last")
_HOURS = _Table("hours", "hour", HOUR_MS, "c.first", "c.last")
_SUMS = "c.series, c.happened, c.counted, c.amount, c.supporters, c.machine"
_BROAD = " AND ".join(f"s.{label} = ''" for label in LABELS if label not in BROAD_LABELS)
_MOST_TIMES = 400
"""So many times are looked up one by one; of more the rows of all series are read."""
_ALL_THERE_IS = "totals AS c JOIN series AS s USING (series)"


def cells_of(asked: Asked) -> Cells:
    """The rows that say what is asked. Raises ValueError for a dimension that is none."""
    if unknown := sorted({*asked.by}.difference(LABELS)):
        raise ValueError(f"no dimension of the desk: {', '.join(unknown)}")
    where, args = where_of(asked)
    since, until = asked.span.since // MINUTE_MS * MINUTE_MS, asked.span.until
    table = _table_of(asked)
    whole = min(-(-since // table.length) * table.length, until)
    rest = max(whole, until // table.length * table.length)
    ranges = [(_MINUTES, since, whole), (table, whole, rest), (_MINUTES, rest, until)]
    parts = [_Part(*each, place) for place, each in enumerate(ranges) if each[1] < each[2]]
    looks_up = bool(asked.types) and all(part.times <= _MOST_TIMES for part in parts)
    for part in parts:
        args |= part.args(looks_up=looks_up)
    selects = " UNION ALL ".join(part.select(looks_up=looks_up) for part in parts) or _NOTHING
    beginning = ""
    if looks_up:
        beginning = f"WITH chosen AS MATERIALIZED (SELECT s.* FROM series AS s WHERE {where}) "  # nosec B608 # conditions of ours
    return Cells(beginning, f"({selects}) AS c JOIN series AS s USING (series)", where, args)


def totals_of(desk: Desk, asked: Asked) -> Cells:
    """The same, of the sums over all hours where the span has every one of them: of campaigns that is usual."""
    [first, last] = desk.one(_ENDS) or (None, None)
    if first is None or asked.span.since > first or asked.span.until <= last:
        return cells_of(asked)
    where, args = where_of(asked)
    return Cells("", _ALL_THERE_IS, where, args)


_ENDS = "SELECT (SELECT min(hour) FROM hours), (SELECT max(last) FROM hours WHERE hour = (SELECT max(hour) FROM hours))"
_NOTHING = f"SELECT c.minute, {_SUMS}, c.minute AS first, c.minute AS last FROM cells AS c WHERE FALSE"  # nosec B608 # names of ours


def _table_of(asked: Asked) -> _Table:
    """The table of the longest times whose rows say what is asked."""
    slot = asked.slot_ms or HOUR_MS
    if {*asked.by} <= {*BROAD_LABELS} and slot % COARSE_MS == 0:
        return _FIVES
    return _HOURS if slot % HOUR_MS == 0 else _MINUTES


class _Part(NamedTuple):
    """A part of a span that one table says; `place`: which one it is."""

    table: _Table
    since: int
    until: int
    place: int

    @property
    def times(self) -> int:
        return -(-(self.until - self.since) // self.table.length)

    def args(self, *, looks_up: bool) -> dict[str, object]:
        if looks_up:
            times = range(self.since, self.until, self.table.length)
            return {f"times_{self.place}": orjson.dumps([*times]).decode()}
        return {f"since_{self.place}": self.since, f"until_{self.place}": self.until}

    def select(self, *, looks_up: bool) -> str:
        table, place = self.table, self.place
        columns = f"c.{table.time} AS minute, {_SUMS}, {table.first} AS first, {table.last} AS last"
        if not looks_up:
            within = f"c.{table.time} >= :since_{place} AND c.{table.time} < :until_{place}"
            return f"SELECT {columns} FROM {table.name} AS c WHERE {within}"  # nosec B608 # names of ours
        broad = f" AND {_BROAD}" if table is _FIVES else ""
        return (
            f"SELECT {columns} FROM chosen AS s CROSS JOIN json_each(:times_{place}) AS t CROSS JOIN {table.name} AS c "  # nosec B608 # the same
            f"ON c.{table.time} = t.value AND c.series = s.series{broad}"
        )


def where_of(asked: Asked) -> tuple[str, dict[str, object]]:
    """The condition of the series `s` that are asked for, and its arguments."""
    clauses = ["TRUE"]
    args: dict[str, object] = {}
    scope = asked.scope
    for column, allowed in (("type", asked.types or None), ("team", scope.teams), ("region", scope.regions)):
        if allowed is not None:
            clauses.append(f"s.{column} IN ({_listed(column, allowed, args)})")
    if scope.committees is not None:
        listed = _listed("committee", scope.committees, args)
        clauses.append(f"(s.type NOT LIKE 'donation.%' OR s.committee IN ({listed}))")
    if asked.region is not None:
        clauses.append("s.region = :region")
        args["region"] = asked.region
    return " AND ".join(clauses), args


def columns_of(by: Sequence[Dimension]) -> str:
    """The columns of these dimensions, behind others."""
    return "".join(f", s.{name}" for name in by)


def _listed(name: str, values: Collection[str], args: dict[str, object]) -> str:
    """Placeholders for the values, which are added to the arguments."""
    places = {f"{name}_{place}": value for place, value in enumerate(sorted(values))}
    args |= places
    return ", ".join(f":{place}" for place in places)
