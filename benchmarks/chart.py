"""The side-by-side figures as a picture for the README, drawn by hand: bars need no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.report import number
from benchmarks.results import Figure

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 235, 130, 26, 34
_INK, _FAINT, _OURS, _OTHERS = "#24292f", "#6e7781", "#1a7f37", "#8c959f"
_OUTLIER = 3.0
"""A bar so many times longer than the next one is cut, or nothing else could be read."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of every subject; `less_is_better` decides whether a bar that is far longer may be cut."""

    title: str
    figures: Sequence[Figure]
    less_is_better: bool


def svg(panels: Sequence[Panel], highlighted: str) -> str:
    """The panels below each other, bars by median, whiskers from the least to the most."""
    parts: list[str] = []
    top = 10
    for panel in panels:
        parts += _panel(panel, highlighted, top)
        top += TOP + ROW * len(panel.figures) + 14
    size = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    style = 'style="font-family:system-ui,sans-serif;font-size:13px"'
    paper = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', paper, *parts, "</svg>\n"])


def _panel(panel: Panel, highlighted: str, top: int) -> list[str]:
    longest = _longest([max(figure.values) for figure in panel.figures], panel.less_is_better)
    hint = "less is better" if panel.less_is_better else "more is better"
    title = f'{escape(panel.title)} <tspan fill="{_FAINT}" font-weight="normal">{hint}</tspan>'
    parts = [f'<text x="12" y="{top + 18}" font-weight="bold" fill="{_INK}">{title}</text>']
    for row, figure in enumerate(panel.figures):
        parts += _bar(figure, longest, top + TOP + row * ROW, _OURS if figure.subject == highlighted else _OTHERS)
    return parts


def _longest(values: Sequence[float], may_cut: bool) -> float:
    """What fills the width: the largest value that is not cut."""
    ordered = sorted(values)
    if may_cut and len(ordered) > 2 and ordered[-1] > _OUTLIER * ordered[-2]:
        ordered.pop()
    return ordered[-1]


def _bar(figure: Figure, longest: float, top: int, colour: str) -> list[str]:
    def at(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(value / longest, 1.0), 1)

    end, middle, least, most = at(figure.median), top + 9, min(figure.values), max(figure.values)
    parts = [
        f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end" fill="{_INK}">{escape(figure.subject)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{round(end - LEFT, 1)}" height="18" fill="{colour}"/>',
    ]
    if figure.median > longest:
        cut = end - 40
        parts.append(f'<path d="M{cut} {top - 1} l8 20 h6 l-8 -20 z" fill="#ffffff"/>')
    elif most > least:
        parts.append(f'<path d="M{at(least)} {middle} H{at(most)}" stroke="{_INK}" stroke-width="1.5"/>')
    label = f"{number(figure.median)} {figure.unit}"
    parts.append(f'<text x="{max(end, at(most)) + 6}" y="{top + 14}" fill="{_INK}">{escape(label)}</text>')
    return parts
