"""The interval of the primary metric over time as SVG: the plane in which it lies, what is drawn, and where.

One panel for each variant on one scale. Light by its attributes, dark by a style sheet where the reader's screen is;
what is provisional is dashed, and each panel says in words what the interval says now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from events.experiment_results import ExperimentResult, History, Moment
from events.times import parse_time
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import interval_verdict
from streams.domain.experiments.report.summary import is_broken
from streams.history.chart_axis import axis_steps
from streams.history.page_templates import render

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
    """The plane of a panel, on one scale for all lines: zero is on it, and all intervals but far wider ones."""
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


WIDTH, HEAD, GAP, FOOT = 760, 60, 40, 48


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across a panel, and the effect that it stands for."""

    y: float
    text: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line that is provisional or not: the points of its effect, and of the two ends of its interval."""

    effect: str
    upper: str
    lower: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """The panel of one variant. `x`, `low`, `effect`, `high`: where its latest interval and its effect are."""

    text: str
    top: float
    ticks: Sequence[Tick]
    pieces: Sequence[Piece]
    x: float
    low: float
    effect: float
    high: float


def svg(result: ExperimentResult) -> str | None:
    """The plot of a result as SVG; None: nothing was compared yet."""
    history = result.get("history")
    told = {} if history is None else {name: moments for name, moments in history["variants"].items() if moments}
    if history is None or not told:
        return None
    metric, currency = history["metric"], result["currency"]
    lines = [[point_of(metric, moment, currency) for moment in moments] for moments in told.values()]
    plane = plane_of(lines)
    words = [f"{name}: {_says(result, metric, moments[-1])}" for name, moments in told.items()]
    panels = [
        _panel(replace(plane, top=HEAD + GAP + number * (HEIGHT + GAP)), text, line, units.unit_of(metric, currency))
        for number, (line, text) in enumerate(zip(lines, words, strict=True))
    ]
    about = _about(result, history)
    data = {
        "title": f"{result['experiment']}: {metric}",
        "about": about,
        "alternative": f"{about}. At {result['as_of']}: {'; '.join(words)}.",
        "panels": panels,
        "dates": [*plane.dates()],
        "notes": " ".join(_notes(plane, [point for line in lines for point in line])),
        "width": WIDTH,
        "height": HEAD + len(lines) * (HEIGHT + GAP) + FOOT,
        "foot": FOOT,
        "left": LEFT,
        "right": RIGHT,
        "panel_height": HEIGHT,
    }
    return render(__package__, "plot.svg", data)


def _says(result: ExperimentResult, metric: str, last: Moment) -> str:
    currency = result["currency"]
    word = (
        "the split is broken, do not trust"
        if is_broken(result)
        else interval_verdict(metric, last["low"], last["high"])
    )
    effect = units.effect(metric, last["effect"], currency)
    ends = units.interval(metric, last["low"], last["high"], currency)
    return f"{effect} ({ends}), {word}" + (", provisional" if last["provisional"] else "")


def _about(result: ExperimentResult, history: History) -> str:
    unit = units.unit_of(history["metric"], result["currency"])
    unit = "percentage points" if unit == "pp" else f"{unit} a person".lstrip()
    level = f"{history['level']:.0%}".replace("%", " %")
    return f"Effect against {history['baseline']} in {unit}, with the {level} interval that holds at every look"


def _panel(plane: Plane, text: str, points: Sequence[Point], unit: str) -> Panel:
    last = points[-1]
    return Panel(
        text,
        plane.top,
        [*_ticks(plane, unit)],
        [_piece(plane, piece) for piece in _pieces(points)],
        plane.x(last.at),
        plane.y(last.low),
        plane.y(last.effect),
        plane.y(last.high),
    )


def _ticks(plane: Plane, unit: str) -> Iterator[Tick]:
    digits = _digits(plane.ticks)
    for tick in plane.ticks:
        is_zero = plane.is_zero(tick)
        text = "no difference" if is_zero else units.signed(tick, unit if unit != "pp" else "", digits)
        yield Tick(plane.y(tick), text, is_zero)


def _pieces(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Runs that are provisional or not; the first point of one also ends the run before it, so that no gap is seen."""
    start = 0
    for place in range(1, len(points)):
        if points[place].provisional != points[start].provisional:
            yield points[start : place + 1]
            start = place
    yield points[start:]


def _piece(plane: Plane, points: Sequence[Point]) -> Piece:
    upper = " ".join(f"{plane.x(each.at)},{plane.y(each.high)}" for each in points)
    lower = " ".join(f"{plane.x(each.at)},{plane.y(each.low)}" for each in reversed(points))
    effect = " ".join(f"{plane.x(each.at)},{plane.y(each.effect)}" for each in points)
    return Piece(effect, upper, lower, points[0].provisional)


def _notes(plane: Plane, points: Sequence[Point]) -> Iterator[str]:
    yield "Dates in UTC."
    if any(point.provisional for point in points):
        yield "Dashed: provisional, of everybody so far."
    if any(map(plane.cuts, points)):
        yield "Intervals that reach the edge are wider than shown."


def _digits(ticks: Sequence[float]) -> int:
    step = ticks[1] - ticks[0]
    return next((digits for digits in range(4) if abs(step * 10**digits - round(step * 10**digits)) < 1e-6), 4)
