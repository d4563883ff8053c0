"""Charts of the console as SVG, from plain numbers: intervals of experiments, now and over time. Pure.

They stretch to the room they have, so they hold no text: labels are HTML beside them, which keeps its size on a phone.
Classes and presentation attributes only, as the content security policy has it; each says in words what it shows.
"""

from collections.abc import Iterator, Sequence

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
