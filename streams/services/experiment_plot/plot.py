"""The interval of the primary metric over time as SVG: what is drawn, and where. `plot.svg` draws it.

One panel for each variant on one scale. Light by its attributes, dark by a style sheet where the reader's screen is;
what is provisional is dashed, and each panel says in words what the interval says now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from events.experiment_results import ExperimentResult, History, Moment
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import interval_verdict
from streams.domain.experiments.report.summary import is_broken
from streams.history.page_templates import render
from streams.services.experiment_plot.plane import HEIGHT, LEFT, RIGHT, Plane, Point, plane_of, point_of

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
    """Of one variant. `x`, `low`, `effect`, `high`: where its latest interval and its effect are."""

    text: str
    top: float
    ticks: Sequence[Tick]
    pieces: Sequence[Piece]
    x: float
    low: float
    effect: float
    high: float


def svg(result: ExperimentResult) -> str | None:
    """The picture; None: nothing was compared yet."""
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
