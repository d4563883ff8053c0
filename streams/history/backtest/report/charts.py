"""Lays out the charts of a backtest: positions of bars, lines and labels, which `chart.svg` draws within a page.

Lengths are in pixels from the upper left corner. The page's style sheet has the colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.history.backtest.report.figures import Interval
from streams.history.chart_axis import axis_steps

WIDTH, LEFT, RIGHT, ROW, HEIGHT = 760, 215, 70, 24, 150
_LONGEST = 31
"""Most characters of a name that fit left of the lines."""
_LABEL = 80
"""Width of a date."""
_AXIS = 60
"""Left end of the columns."""
SERIES = ("allow", "defer", "deny")

Split = tuple[int, int, int]
"""Touches that are allowed, deferred and denied."""


class Estimate(NamedTuple):
    """A row of a chart of intervals; `told`: the interval in words."""

    name: str
    found: Interval
    told: str


class Bar(NamedTuple):
    """A rectangle in the colour of its series; `told`: its meaning, shown as a tooltip."""

    x: float
    y: float
    width: float
    height: float
    series: str
    told: str


class Label(NamedTuple):
    """A text that begins or ends at a position.

    `look`: empty, faint or bold; `whole`: the text before it was shortened.
    """

    x: float
    y: float
    text: str
    look: str = ""
    ends_there: bool = False
    whole: str = ""


class Line(NamedTuple):
    """A line from left to right, or an upright one where both ends have the same `x`."""

    x: float
    y: float
    to_x: float
    to_y: float


class Dot(NamedTuple):
    """The centre of a circle."""

    x: float
    y: float


@dataclass(slots=True)
class Chart:
    """The layers of a drawing, from the lowest to the highest.

    `rules` are of the axes, `whiskers` of the intervals.
    """

    title: str
    height: float
    width: int = WIDTH
    rules: list[Line] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    whiskers: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def columns(title: str, panels: Sequence[tuple[str, Sequence[tuple[str, Split]]]]) -> Chart:
    """Stacked columns, one for each label, in panels below each other with one scale."""
    most = max((sum(split) for _, panel in panels for _, split in panel), default=0)
    ticks = axis_steps(0, max(most, 1), 3)
    chart = _with_legend(title, 34 + len(panels) * (HEIGHT + 60), SERIES)
    for number, (name, panel) in enumerate(panels):
        top = 34 + number * (HEIGHT + 60)
        chart.labels.append(Label(0, top + 10, name, "bold"))
        _add_axis(chart, ticks, top + 26 + HEIGHT)
        _add_columns(chart, panel, HEIGHT / ticks[-1], top + 26 + HEIGHT)
    return chart


def _add_axis(chart: Chart, ticks: Sequence[float], base: float) -> None:
    for tick in ticks:
        y = base - tick * HEIGHT / ticks[-1]
        chart.rules.append(Line(_AXIS, y, WIDTH - 10, y))
        chart.labels.append(Label(_AXIS - 6, y + 4, f"{tick:,.0f}", ends_there=True))


def _add_columns(chart: Chart, panel: Sequence[tuple[str, Split]], scale: float, base: float) -> None:
    width = (WIDTH - _AXIS - 10) / max(len(panel), 1)
    for place, (label, split) in enumerate(panel):
        x, y = _AXIS + place * width, base
        for series, count in zip(SERIES, split, strict=True):
            y -= count * scale
            if count:
                told = f"{label}: {count:,} {series}"
                chart.bars.append(Bar(x + width * 0.1, y, width * 0.8, count * scale, series, told))
        if place % max(1, -(-len(panel) // 8)) == 0 and x + _LABEL < WIDTH:
            chart.labels.append(Label(x, base + 16, label, "faint"))


def pairs(title: str, rows: Sequence[tuple[str, int, int]]) -> Chart:
    """Two bars for each name: under the new policy and under the old."""
    most = max((max(new, old) for _, new, old in rows), default=0) or 1
    chart = _with_legend(title, 34 + len(rows) * (ROW + 6), ("new", "old"))
    for place, (name, new, old) in enumerate(rows):
        y = 34 + place * (ROW + 6)
        chart.labels.append(_name(y + 15, name))
        for number, (series, count) in enumerate((("new", new), ("old", old))):
            length, top = (WIDTH - LEFT - RIGHT) * count / most, y + number * ROW / 2
            told = f"{name}: {count:,} under the {series} policy"
            chart.bars.append(Bar(LEFT, top, length, ROW / 2 - 1, series, told))
            chart.labels.append(Label(LEFT + length + 5, top + 9.5, f"{count:,}", "faint"))
    return chart


def shares(title: str, rows: Sequence[tuple[str, Split]]) -> Chart:
    """A full-length bar for each name, divided into three shares, with the total behind it."""
    chart = _with_legend(title, 34 + len(rows) * ROW, SERIES)
    for place, (name, split) in enumerate(rows):
        x, y, whole = float(LEFT), 34 + place * ROW, sum(split) or 1
        chart.labels.append(_name(y + 14, name))
        for series, count in zip(SERIES, split, strict=True):
            length = (WIDTH - LEFT - RIGHT) * count / whole
            chart.bars.append(Bar(x, y, length, ROW - 6, series, f"{name}: {count:,} {series}"))
            x += length
        chart.labels.append(Label(x + 6, y + 14, f"{sum(split):,}", "faint"))
    return chart


def intervals(title: str, rows: Sequence[Estimate]) -> Chart:
    """A point with its interval for each name, on an axis from zero."""
    most = max((row.found.high for row in rows), default=0.0) or 1.0
    reach, told_at = (WIDTH - LEFT) * 0.52, LEFT + (WIDTH - LEFT) * 0.56
    chart = Chart(title, 16 + len(rows) * ROW, rules=[Line(LEFT, 8, LEFT, 8 + len(rows) * ROW)])
    for place, (name, found, told) in enumerate(rows):
        y = 8 + place * ROW + ROW / 2
        low, value, high = (LEFT + reach * each / most for each in (found.low, found.value, found.high))
        chart.labels.append(_name(y + 4, name))
        chart.whiskers.append(Line(low, y, high, y))
        chart.dots.append(Dot(value, y))
        chart.labels.append(Label(told_at, y + 4, told))
    return chart


def _with_legend(title: str, height: float, series: Sequence[str]) -> Chart:
    chart = Chart(title, height)
    for place, name in enumerate(series):
        x = LEFT + place * 90
        chart.bars.append(Bar(x, 6, 12, 12, name, name))
        chart.labels.append(Label(x + 18, 16, name))
    return chart


def _name(y: float, name: str) -> Label:
    """The name left of a line. The middle of a long one is left out, and shown as a tooltip."""
    ends = (_LONGEST - 1) // 2
    shown = name if len(name) <= _LONGEST else f"{name[:ends]}…{name[-ends:]}"
    return Label(LEFT - 8, y, shown, ends_there=True, whole=name)
