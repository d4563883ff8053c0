"""The charts of a backtest as SVG within a page, whose style sheet has their colours, drawn by hand as elsewhere."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.history.backtest.intervals import Interval
from streams.history.drawing import escaped, steps

WIDTH, LEFT, RIGHT, ROW, HEIGHT = 760, 215, 70, 24, 150
_LONGEST = 31
"""Characters of a name for which there is room left of the lines."""
_LABEL = 80
"""As wide as a date."""
SERIES = ("allow", "defer", "deny")
STYLE = """
svg { display: block; width: 100%; height: auto; max-width: 760px; } svg text { font-size: 12px; fill: var(--ink); }
svg .faint { fill: var(--faint); } svg .rule { stroke: var(--line); } svg .allow { fill: var(--allow); }
svg .defer { fill: var(--defer); } svg .deny { fill: var(--deny); } svg .new { fill: var(--allow); }
svg .old { fill: var(--faint); } svg .whisker { stroke: var(--ink); stroke-width: 1.5; }
"""

Split = tuple[int, int, int]
"""Touches that are allowed, deferred and denied."""


class Estimate(NamedTuple):
    """A line of a chart of intervals; `told`: in words."""

    name: str
    found: Interval
    told: str


def columns(title: str, panels: Sequence[tuple[str, Sequence[tuple[str, Split]]]]) -> str:
    """A column for each label, stacked, in panels of one scale below each other."""
    most = max((sum(split) for _, panel in panels for _, split in panel), default=0)
    ticks = steps(0, max(most, 1), 3)
    parts = list(_legend(SERIES))
    for number, (name, panel) in enumerate(panels):
        parts += _panel(name, panel, ticks, 34 + number * (HEIGHT + 60))
    return _svg(title, parts, 34 + len(panels) * (HEIGHT + 60))


def _panel(name: str, panel: Sequence[tuple[str, Split]], ticks: Sequence[float], top: float) -> Iterator[str]:
    base, left = top + 26 + HEIGHT, 60
    scale, width = HEIGHT / ticks[-1], (WIDTH - left - 10) / max(len(panel), 1)
    yield _text(0, top + 10, name, "bold")
    for tick in ticks:
        y = base - tick * scale
        yield f'<path class="rule" d="M{left} {y:.1f} H{WIDTH - 10}"/>'
        yield _text(left - 6, y + 4, f"{tick:,.0f}", end=True)
    for place, (label, split) in enumerate(panel):
        x, y = left + place * width, base
        for series, count in zip(SERIES, split, strict=True):
            y -= count * scale
            if count:
                yield _rect(x + width * 0.1, y, width * 0.8, count * scale, series, f"{label}: {count:,} {series}")
        if place % max(1, -(-len(panel) // 8)) == 0 and x + _LABEL < WIDTH:
            yield f'<text class="faint" x="{x:.1f}" y="{base + 16}">{escaped(label)}</text>'


def pairs(title: str, rows: Sequence[tuple[str, int, int]]) -> str:
    """Two bars for each name: under the new policy and under the old."""
    most = max((max(new, old) for _, new, old in rows), default=0) or 1
    parts = list(_legend(("new", "old")))
    for place, (name, new, old) in enumerate(rows):
        y = 34 + place * (ROW + 6)
        parts.append(_name(y + 15, name))
        for number, (series, count) in enumerate((("new", new), ("old", old))):
            length, top = (WIDTH - LEFT - RIGHT) * count / most, y + number * ROW / 2
            parts.append(_rect(LEFT, top, length, ROW / 2 - 1, series, f"{name}: {count:,} under the {series} policy"))
            parts.append(f'<text class="faint" x="{LEFT + length + 5:.1f}" y="{top + 9.5}">{count:,}</text>')
    return _svg(title, parts, 34 + len(rows) * (ROW + 6))


def shares(title: str, rows: Sequence[tuple[str, Split]]) -> str:
    """A bar of all for each name, in three parts; how many they are stands behind it."""
    parts = list(_legend(SERIES))
    for place, (name, split) in enumerate(rows):
        x, y, whole = float(LEFT), 34 + place * ROW, sum(split) or 1
        parts.append(_name(y + 14, name))
        for series, count in zip(SERIES, split, strict=True):
            length = (WIDTH - LEFT - RIGHT) * count / whole
            parts.append(_rect(x, y, length, ROW - 6, series, f"{name}: {count:,} {series}"))
            x += length
        parts.append(f'<text class="faint" x="{x + 6:.1f}" y="{y + 14}">{sum(split):,}</text>')
    return _svg(title, parts, 34 + len(rows) * ROW)


def intervals(title: str, rows: Sequence[Estimate]) -> str:
    """A point and its interval for each name, from nought on."""
    most = max((row.found.high for row in rows), default=0.0) or 1.0
    reach, told_at = (WIDTH - LEFT) * 0.52, LEFT + (WIDTH - LEFT) * 0.56
    parts = [f'<path class="rule" d="M{LEFT} 8 V{8 + len(rows) * ROW}"/>']
    for place, (name, found, told) in enumerate(rows):
        y = 8 + place * ROW + ROW / 2
        low, value, high = (LEFT + reach * each / most for each in (found.low, found.value, found.high))
        parts.append(_name(y + 4, name))
        parts.append(f'<path class="whisker" d="M{low:.1f} {y} H{high:.1f}"/>')
        parts.append(f'<circle class="new" cx="{value:.1f}" cy="{y}" r="4.5"/>')
        parts.append(_text(told_at, y + 4, told))
    return _svg(title, parts, 16 + len(rows) * ROW)


def _legend(names: Sequence[str]) -> Iterator[str]:
    for place, name in enumerate(names):
        yield _rect(LEFT + place * 90, 6, 12, 12, name, name) + _text(LEFT + place * 90 + 18, 16, name)


def _rect(x: float, y: float, width: float, height: float, series: str, told: str) -> str:  # noqa: PLR0913, PLR0917
    box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
    return f'<rect class="{series}" {box}><title>{escaped(told)}</title></rect>'


def _text(x: float, y: float, said: str, weight: str = "normal", *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}"{anchor}>{escaped(said)}</text>'


def _name(y: float, name: str) -> str:
    """What a line is of, left of it. Of a name that is too long the middle is left out, and told on demand."""
    ends = (_LONGEST - 1) // 2
    shown = name if len(name) <= _LONGEST else f"{name[:ends]}…{name[-ends:]}"
    return _text(LEFT - 8, y, shown, end=True).replace("</text>", f"<title>{escaped(name)}</title></text>")


def _svg(title: str, parts: Sequence[str], height: float) -> str:
    box = f'viewBox="0 0 {WIDTH} {height:.0f}"'
    told = f"<title>{escaped(title)}</title>"
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">{told}', *parts, "</svg>"])
