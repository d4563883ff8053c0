"""Charts of the console as SVG, from plain numbers: intervals, curves, bars, limits, times, maps. Pure.

They stretch to the room they have, so they hold no text: labels are HTML beside them, which keeps its size on a phone.
Classes and presentation attributes only, as the content security policy has it; each says in words what it shows.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from markupsafe import Markup, escape
from msgspec import Struct

WIDTH = 1_000
"""Units from the left edge to the right one."""
ROW, BAND = 24, 120
"""Heights of a row and of a band."""


class Interval(Struct, frozen=True):
    """An effect and the ends of its interval. `is_provisional`: it is drawn dashed."""

    low: float
    effect: float
    high: float
    is_provisional: bool = False


class Look(Struct, frozen=True):
    """An interval as it was at a time, ms since 1970."""

    at: int
    interval: Interval


class Frame(Struct, frozen=True):
    """What the edges of a band stand for: times (ms since 1970) from left to right, effects from bottom to top."""

    begin: int
    end: int
    low: float
    high: float

    def x(self, at: int) -> float:
        """How far right a time lies."""
        return round(WIDTH * (at - self.begin) / max(1, self.end - self.begin), 1)

    def y(self, effect: float) -> float:
        """How far down an effect lies."""
        return round(BAND * (self.high - effect) / (self.high - self.low), 1)


def extent_of(intervals: Sequence[Interval], widest: float = 4.0) -> float:
    """How far from zero a row has to reach either way to show all intervals, but for those far wider than others."""
    if not intervals:
        return 1.0
    narrowest = min(each.high - each.low for each in intervals)
    shown = [each for each in intervals if each.high - each.low <= widest * narrowest]
    ends = [abs(end) for each in shown for end in (each.low, each.high)]
    return max([*ends, *(abs(each.effect) for each in intervals)]) or 1.0


def interval_row(interval: Interval, extent: float, about: str) -> Markup:
    """An interval on a line from `-extent` to `extent`, with zero in the middle. What lies beyond is cut."""

    def x(value: float) -> float:
        return round(WIDTH / 2 * (1 + max(-1.0, min(1.0, value / extent))), 1)

    kind = " provisional" if interval.is_provisional else ""
    drawn = (
        f'<path class="zero" d="M{WIDTH // 2} 0V{ROW}" {_THIN}/>'
        f'<path class="interval{kind}" d="M{x(interval.low)} {ROW // 2}H{x(interval.high)}" {_THIN}/>'
        f'<path class="dot" d="M{x(interval.effect)} {ROW // 2}h0" {_THIN}/>'
    )
    return _svg("row", ROW, about, drawn)


def interval_band(looks: Sequence[Look], frame: Frame, about: str) -> Markup:
    """How an interval went over time: a band between its ends, a line for the effect, zero across."""
    parts = []
    for piece in _pieces(looks):
        kind = " provisional" if piece[0].interval.is_provisional else ""
        upper = [(frame.x(each.at), frame.y(each.interval.high)) for each in piece]
        lower = [(frame.x(each.at), frame.y(each.interval.low)) for each in reversed(piece)]
        effect = [(frame.x(each.at), frame.y(each.interval.effect)) for each in piece]
        parts.append(f'<polygon class="band{kind}" points="{_points([*upper, *lower])}"/>')
        parts.append(f'<polyline class="line{kind}" points="{_points(effect)}" {_THIN}/>')
    zero = f'<path class="zero" d="M0 {frame.y(0)}H{WIDTH}" {_THIN}/>' if frame.low <= 0 <= frame.high else ""
    return _svg("over-time", BAND, about, "".join([*parts, zero]))


CURVE, BAR, COLUMNS = 40, 12, 96
"""Heights of a sparkline, of a bar beside its limit, and of columns."""
_LIMIT = 800
"""Where the limit of a bar lies, so that what is beyond it is seen too."""
STEPS = 4
"""Shades of a map, from few to many; 0 is none."""
MarkKind = Literal["send", "hold"]


class Mark(Struct, frozen=True):
    """Something that happened at a time, ms since 1970."""

    at: int
    kind: MarkKind


class Shape(Struct, frozen=True):
    """An area of a map. `shade`: from 0, nothing, to `STEPS`; None: nothing is known of it. `about`: its words."""

    path: str
    shade: int | None
    about: str


def sparkline(now: Sequence[float], before: Sequence[float] | None, about: str) -> Markup:
    """A curve from zero up, with that of a time before dotted behind it, both on one scale."""
    top = max([*now, *(before or ()), 1])

    def curve(values: Sequence[float], kind: str) -> str:
        step = WIDTH / max(1, len(values) - 1)
        places = [
            (round(place * step, 1), round((CURVE - 2) * (1 - each / top) + 1, 1)) for place, each in enumerate(values)
        ]
        return f'<polyline class="{kind}" points="{_points(places)}" {_THIN}/>'

    drawn = "" if before is None else curve(before, "before")
    return _svg("spark", CURVE, about, drawn + curve(now, "line"))


def time_marks(marks: Sequence[Mark], frame: Frame, about: str) -> Markup:
    """Marks on a line of time: a dot for each sending, a square for each hold."""
    line = f'<path class="axis" d="M0 {ROW // 2}H{WIDTH}" {_THIN}/>'
    dots = (f'<path class="mark {each.kind}" d="M{frame.x(each.at)} {ROW // 2}h0" {_THIN}/>' for each in marks)
    return _svg("marks", ROW, about, line + "".join(dots))


def limit_bar(part: float, limit: float, about: str) -> Markup:
    """A share as a bar, and its limit as a line across it. What lies beyond a quarter over the limit is cut."""
    long = round(min(WIDTH, _LIMIT * part / limit), 1)
    kind = " over" if part >= limit else ""
    drawn = (
        f'<rect class="bar{kind}" x="0" y="2" width="{long}" height="{BAR - 4}"/>'
        f'<path class="limit" d="M{_LIMIT} 0V{BAR}" {_THIN}/>'
    )
    return _svg("limited", BAR, about, drawn)


def columns(values: Sequence[float | None], about: str) -> Markup:
    """Columns from zero, up or down; a short line where nothing is known."""
    known = [each for each in values if each is not None]
    top, bottom = max([*known, 0.0]), min([*known, 0.0])
    tall = (COLUMNS - 2) / ((top - bottom) or 1)
    zero = round(1 + top * tall, 1)
    wide = WIDTH / max(1, len(values))
    parts = [f'<path class="axis" d="M0 {zero}H{WIDTH}" {_THIN}/>']
    for place, each in enumerate(values):
        left = round((place + 0.1) * wide, 1)
        if each is None:
            parts.append(f'<path class="unknown" d="M{left} {zero}h{round(0.8 * wide, 1)}" {_THIN}/>')
        elif each:
            high = round(abs(each) * tall, 1)
            y, kind = (round(zero - high, 1), "") if each > 0 else (zero, " below")
            parts.append(f'<rect class="bar{kind}" x="{left}" y="{y}" width="{round(0.8 * wide, 1)}" height="{high}"/>')
    return _svg("columns", COLUMNS, about, "".join(parts))


def shade_of(count: float | None, most: float) -> int | None:
    """The shade of a number among others of which the largest is `most`: 0 for none, `STEPS` for the most."""
    if count is None:
        return None
    return min(STEPS, int(count * STEPS / most) + 1) if count and most else 0


def area_map(shapes: Sequence[Shape], width: int, height: int, about: str) -> Markup:
    """A map: each area in its shade, with its words. It keeps its proportions."""
    drawn = Markup("").join(
        Markup(
            '<path class="area {shade}" d="{path}" vector-effect="non-scaling-stroke"><title>{about}</title></path>'
        ).format(shade="unknown" if each.shade is None else f"shade-{each.shade}", path=each.path, about=each.about)
        for each in shapes
    )
    return Markup(
        '<svg class="chart map" viewBox="0 0 {width} {height}" role="img"><title>{about}</title>{drawn}</svg>'
    ).format(width=width, height=height, about=about, drawn=drawn)


_THIN = 'vector-effect="non-scaling-stroke"'
"""Lines keep their width however the chart is stretched."""


def _svg(kind: str, height: int, about: str, drawn: str) -> Markup:
    return Markup(
        '<svg class="chart {kind}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img">'
        "<title>{about}</title>{drawn}</svg>"
    ).format(kind=kind, width=WIDTH, height=height, about=escape(about), drawn=Markup(drawn))  # nosec B704 # numbers


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)


def _pieces(looks: Sequence[Look]) -> Iterator[Sequence[Look]]:
    """Runs that are provisional or not; the first look of one also ends the run before it, so that no gap is seen."""
    start = 0
    for place in range(1, len(looks)):
        if looks[place].interval.is_provisional != looks[start].interval.is_provisional:
            yield looks[start : place + 1]
            start = place
    if looks:
        yield looks[start:]
