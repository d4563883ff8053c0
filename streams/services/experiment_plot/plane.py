"""The coordinate plane of a plot: where times and effects lie in pixels, its scale, and its dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from events.experiment_results import Moment
from events.times import parse_time
from streams.domain.experiments.report import units
from streams.history.chart_axis import axis_steps

LEFT, RIGHT, HEIGHT = 100, 742, 170
"""The panel's edges and its height, in pixels."""
WIDEST = 4.0
"""An interval so many times wider than the narrowest one is cut at the edge, or nothing else could be read."""
MOST_DATES = 6

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_SPANS = (
    *(_MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * hours for hours in (1, 2, 3, 6, 12)),
    *(_DAY * days for days in (1, 2, 4, 7, 14, 28, 91, 182, 364)),
)


@dataclass(frozen=True, slots=True)
class Point:
    """The effect and its interval at one moment, in units for people; `at` in ms since 1970."""

    at: int
    effect: float
    low: float
    high: float
    provisional: bool


@dataclass(frozen=True, slots=True)
class Plane:
    """The coordinates of one panel. `begin`, `end` in ms since 1970; `top` in pixels.

    `ticks`: the effects that have a line, from the lowest to the highest, which are the panel's edges.
    """

    begin: int
    end: int
    ticks: Sequence[float]
    top: float

    def x(self, at: int) -> float:
        """How far right a time lies, in pixels."""
        return round(LEFT + (RIGHT - LEFT) * (at - self.begin) / (self.end - self.begin), 1)

    def y(self, value: float) -> float:
        """How far down an effect lies, in pixels."""
        low, high = self.ticks[0], self.ticks[-1]
        return round(self.top + HEIGHT * (high - value) / (high - low), 1)

    def is_zero(self, tick: float) -> bool:
        """Whether a tick is zero, but for rounding."""
        return abs(tick) < (self.ticks[-1] - self.ticks[0]) * 1e-9

    def cuts(self, point: Point) -> bool:
        """Whether the point's interval goes beyond an edge."""
        return point.low < self.ticks[0] or point.high > self.ticks[-1]

    def dates(self) -> Iterator[tuple[float, str]]:
        """How far right some round times lie, and how they are written, UTC."""
        span = next((each for each in _SPANS if (self.end - self.begin) / each <= MOST_DATES), _SPANS[-1])
        for at in range(-(-self.begin // span) * span, self.end + 1, span):
            yield self.x(at), _date(at, span)


def point_of(metric: str, moment: Moment, currency: str | None) -> Point:
    """The point of a moment of an experiment's history."""
    effect, low, high = (units.in_units(metric, moment[name], currency) for name in ("effect", "low", "high"))
    return Point(parse_time(moment["as_of"]) or 0, effect, low, high, moment["provisional"])


def plane_of(lines: Sequence[Sequence[Point]], top: float = 0.0) -> Plane:
    """One scale for all lines. Zero is on it, and every interval but those far wider than the narrowest."""
    points = [point for line in lines for point in line]
    narrowest = min(point.high - point.low for point in points)
    shown = [point for point in points if point.high - point.low <= WIDEST * narrowest]
    shown += [line[-1] for line in lines]
    ticks = axis_steps(min(0.0, *(point.low for point in shown)), max(0.0, *(point.high for point in shown)))
    begin, end = min(point.at for point in points), max(point.at for point in points)
    if begin == end:
        return Plane(begin - _HOUR, end + _HOUR, ticks, top)
    around = _MINUTE if end - begin < 2 * _MINUTE else 0  # else no round time might be there
    return Plane(begin - around, end + around, ticks, top)


def _date(at: int, span: int) -> str:
    when = datetime.fromtimestamp(at / 1000, UTC)
    day = f"{when.day} {_MONTHS[when.month - 1]}"
    if span < _DAY:
        return f"{day} {when:%H:%M}"
    return day if span < 91 * _DAY else f"{day} {when.year}"
