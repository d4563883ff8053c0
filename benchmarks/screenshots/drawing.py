"""Panels as SVG, drawn by hand like the benchmark's chart: lines, bars and numbers need no library."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle
from xml.sax.saxutils import escape

from benchmarks.screenshots.dashboards import Line, Panel, Place
from benchmarks.screenshots.units import written
from streams.history.chart_axis import axis_steps

COLUMN, ROW, GAP, HEAD = 58, 32, 8, 52
WIDTH = 24 * COLUMN + GAP
LEFT, TOP, BOTTOM, LEGEND_ROW = 58, 34, 22, 16
MOST_NAMES = 12
_INK, _FAINT, _RULE, _PAPER, _CARD = "#24292f", "#6e7781", "#e4e7eb", "#f3f4f6", "#ffffff"
_COLOURS = (
    *("#1a7f37", "#0969da", "#bf8700", "#cf222e", "#8250df", "#1b7c83"),
    *("#bc4c00", "#57606a", "#4ac26b", "#54aeff", "#e5b567", "#ff8182"),
)

_STYLE = 'style="font-family:system-ui,Helvetica,Arial,sans-serif;font-size:11px"'

Span = tuple[float, float]


def svg(title: str, remark: str, panels: Sequence[Panel], span: Span) -> str:
    """A whole dashboard. `remark` stands beside its title."""
    height = HEAD + max((panel.place.y + panel.place.h) * ROW for panel in panels) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" {_STYLE}>',
        f'<rect width="{WIDTH}" height="{height}" fill="{_PAPER}"/>',
        f'<text x="{GAP + 4}" y="33" font-size="19" font-weight="bold" fill="{_INK}">{escape(title)}</text>',
        f'<text x="{WIDTH - GAP - 4}" y="33" text-anchor="end" fill="{_FAINT}">{escape(remark)}</text>',
    ]
    for panel in panels:
        parts += _card(panel, span)
    return "\n".join([*parts, "</svg>\n"])


def _card(panel: Panel, span: Span) -> Iterator[str]:
    x, y, w, h = _box(panel.place)
    yield f'<g transform="translate({x} {y})">'
    yield f'<rect width="{w}" height="{h}" rx="4" fill="{_CARD}" stroke="{_RULE}"/>'
    yield f'<text x="10" y="19" font-size="12" font-weight="bold" fill="{_INK}">{escape(panel.title)}</text>'
    if panel.kind == "stat":
        yield _stat(panel, w, h)
    elif panel.kind == "bargauge":
        yield from _gauge(panel, w, h)
    elif not any(line.points for line in panel.lines):
        nothing = "nothing fires" if panel.kind == "table" else "no data"
        yield f'<text x="{w / 2}" y="{h / 2 + 6}" text-anchor="middle" fill="{_FAINT}">{nothing}</text>'
    else:
        yield from _chart(panel, span, w, h)
    yield "</g>"


def _box(place: Place) -> tuple[int, int, int, int]:
    return place.x * COLUMN + GAP, HEAD + place.y * ROW, place.w * COLUMN - GAP, place.h * ROW - GAP


def _stat(panel: Panel, w: int, h: int) -> str:
    values = [written(panel.last(line), panel.unit) for line in panel.lines if line.points]
    text = f'x="{w / 2}" y="{h / 2 + 24}" text-anchor="middle"'
    return f'<text {text} font-size="30" fill="{_COLOURS[0]}">{escape("  ".join(values) or "–")}</text>'


def _gauge(panel: Panel, w: int, h: int) -> Iterator[str]:
    lines = sorted((line for line in panel.lines if line.points), key=panel.last, reverse=True)[: (h - 34) // 22]
    most = max(map(panel.last, lines), default=1) or 1
    for row, line in enumerate(lines):
        value, top = panel.last(line), 32 + row * 22
        length = round((w - 210) * value / most, 1)
        yield f'<text x="104" y="{top + 13}" text-anchor="end" fill="{_INK}">{escape(line.name)}</text>'
        yield f'<rect x="112" y="{top}" width="{length}" height="16" fill="{_COLOURS[1]}"/>'
        yield f'<text x="{118 + length}" y="{top + 13}" fill="{_INK}">{written(value, panel.unit)}</text>'


def _chart(panel: Panel, span: Span, w: int, h: int) -> Iterator[str]:
    lines = [line for line in panel.lines if line.points][:MOST_NAMES]
    legend, rows = _legend(lines, w)
    bottom = h - BOTTOM - rows * LEGEND_ROW - 4
    ticks = axis_steps(0.0, panel.most or _highest(lines, stacked=panel.stacked))
    yield from _grid(ticks, panel.unit, w, bottom)
    yield from _times(span, w, bottom)
    plot = _Plot(span, ticks[-1], w, bottom)
    floors: dict[float, float] = defaultdict(float)
    for line, colour in zip(lines, cycle(_COLOURS)):
        tops = [(at, value + (floors[at] if panel.stacked else 0.0)) for at, value in line.points]
        below = [(at, floors[at] if panel.stacked else 0.0) for at, _ in line.points]
        yield from plot.area(tops, below, colour, filled=panel.bars or panel.stacked)
        floors.update(tops)
    yield f'<g transform="translate(0 {bottom + BOTTOM + 2})">{legend}</g>'


class _Plot:
    """Where values are on a card."""

    def __init__(self, span: Span, most: float, w: int, bottom: int) -> None:
        self._begin, self._seconds = span[0], span[1] - span[0]
        self._most, self._width, self._bottom = most, w - LEFT - 14, bottom

    def area(
        self, tops: Sequence[tuple[float, float]], below: Sequence[tuple[float, float]], colour: str, *, filled: bool
    ) -> Iterator[str]:
        """A line, and what is between it and those below it."""
        edge = " ".join(map(self._at, tops))
        if filled:
            back = " ".join(map(self._at, reversed(below)))
            yield f'<polygon points="{edge} {back}" fill="{colour}" fill-opacity="0.55"/>'
        yield f'<polyline points="{edge}" fill="none" stroke="{colour}" stroke-width="1.6"/>'

    def _at(self, point: tuple[float, float]) -> str:
        x = LEFT + self._width * (point[0] - self._begin) / self._seconds
        y = self._bottom - (self._bottom - TOP) * min(point[1] / self._most, 1.02)
        return f"{x:.1f},{y:.1f}"


def _highest(lines: Sequence[Line], *, stacked: bool) -> float:
    if not stacked:
        return max(value for line in lines for _, value in line.points)
    sums: dict[float, float] = defaultdict(float)
    for line in lines:
        for at, value in line.points:
            sums[at] += value
    return max(sums.values())


def _grid(ticks: Sequence[float], unit: str, w: int, bottom: int) -> Iterator[str]:
    for step in ticks:
        y = bottom - (bottom - TOP) * step / ticks[-1]
        yield f'<path d="M{LEFT} {y:.1f} H{w - 14}" stroke="{_RULE}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{_FAINT}">{written(step, unit)}</text>'


def _times(span: Span, w: int, bottom: int) -> Iterator[str]:
    for number in range(5):
        at = span[0] + (span[1] - span[0]) * number / 4
        x = LEFT + (w - LEFT - 14) * number / 4
        text = time.strftime("%H:%M:%S", time.gmtime(at))
        anchor = ("start", "middle", "middle", "middle", "end")[number]
        yield f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="{anchor}" fill="{_FAINT}">{text}</text>'


def _legend(lines: Sequence[Line], w: int) -> tuple[str, int]:
    """The names in rows, and how many rows they take."""
    parts, x, row = [], 12, 0
    for line, colour in zip(lines, cycle(_COLOURS)):
        width = 24 + int(len(line.name) * 6.6)
        if x + width > w and x > 12:
            x, row = 12, row + 1
        y = row * LEGEND_ROW
        parts.append(f'<rect x="{x}" y="{y}" width="9" height="9" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 13}" y="{y + 9}" fill="{_INK}">{escape(line.name)}</text>')
        x += width
    return "".join(parts), row + 1
