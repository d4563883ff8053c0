"""The interval of the primary metric over time as SVG, drawn by hand like the benchmark's charts.

One panel for each variant on one scale. Light by its attributes, dark by a style sheet where the reader's screen is;
what is provisional is dashed, and each panel says in words what the interval says now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from events.experiment_results import ExperimentResult, History, Moment
from streams.domain.experiments.report import units
from streams.domain.experiments.report.verdicts import word_of
from streams.domain.experiments.report.warnings import is_broken
from streams.history.drawing import escaped
from streams.services.experiment_plot.plane import HEIGHT, LEFT, RIGHT, Plane, Point, plane_of, point_of

WIDTH, HEAD, GAP, FOOT = 760, 60, 40, 48
_INK, _FAINT, _RULE, _PAPER, _BAND = "#24292f", "#59636e", "#e4e7eb", "#ffffff", "#0969da"
_STYLE = (
    "text{font-family:system-ui,Helvetica,Arial,sans-serif;font-size:12px}.title{font-size:16px}"
    "@media(prefers-color-scheme:dark){.ink{fill:#e6edf3}.faint{fill:#9198a1}.paper{fill:#0d1117}"
    ".rule{stroke:#2f353d}.zero{stroke:#e6edf3}.band{fill:#4493f8}.line{stroke:#4493f8}}"
)


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
    height = HEAD + len(lines) * (HEIGHT + GAP) + FOOT
    parts = [*_head(result, history, words, height)]
    for number, (line, said) in enumerate(zip(lines, words, strict=True)):
        panel = replace(plane, top=HEAD + GAP + number * (HEIGHT + GAP))
        parts.append(_words(14, panel.top - 13, said, 'class="ink" font-weight="bold"', _INK))
        parts += _grid(panel, units.unit_of(metric, currency))
        parts += _line(panel, number, line)
    parts += _foot(plane, height, [point for line in lines for point in line])
    return "\n".join([*parts, "</svg>\n"])


def _says(result: ExperimentResult, metric: str, last: Moment) -> str:
    currency = result["currency"]
    word = "the split is broken, do not trust" if is_broken(result) else word_of(metric, last["low"], last["high"])
    effect = units.effect(metric, last["effect"], currency)
    ends = units.interval(metric, last["low"], last["high"], currency)
    return f"{effect} ({ends}), {word}" + (", provisional" if last["provisional"] else "")


def _head(result: ExperimentResult, history: History, words: Sequence[str], height: int) -> Iterator[str]:
    title = f"{result['experiment']}: {history['metric']}"
    unit = units.unit_of(history["metric"], result["currency"])
    unit = "percentage points" if unit == "pp" else f"{unit} a person".lstrip()
    level = f"{history['level']:.0%}".replace("%", " %")
    told = f"Effect against {history['baseline']} in {unit}, with the {level} interval that holds at every look"
    now = f"{told}. At {result['as_of']}: {'; '.join(words)}."
    box = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-labelledby="title told">'
    yield f'<title id="title">{escaped(title)}</title>'
    yield f'<desc id="told">{escaped(now)}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="paper" width="{WIDTH}" height="{height}" fill="{_PAPER}"/>'
    yield _words(14, 26, title, 'class="ink title" font-weight="bold"', _INK)
    yield _words(14, 46, told, 'class="faint"', _FAINT)


def _grid(plane: Plane, unit: str) -> Iterator[str]:
    digits = _digits(plane.ticks)
    for tick in plane.ticks:
        y = plane.y(tick)
        told, rule = units.signed(tick, unit if unit != "pp" else "", digits), f'class="rule" stroke="{_RULE}"'
        if plane.is_zero(tick):
            told, rule = "no difference", f'class="zero" stroke="{_INK}" stroke-width="1.4"'
        yield f'<path d="M{LEFT} {y} H{RIGHT}" {rule}/>'
        yield _words(LEFT - 7, y + 4, told, 'class="faint" text-anchor="end"', _FAINT)


def _line(plane: Plane, number: int, points: Sequence[Point]) -> Iterator[str]:
    box = f'x="{LEFT}" y="{plane.top}" width="{RIGHT - LEFT}" height="{HEIGHT}"'
    yield f'<clipPath id="panel{number}"><rect {box}/></clipPath><g clip-path="url(#panel{number})">'
    for piece in _pieces(points):
        yield from _interval(plane, piece)
    yield "</g>"
    x, last = plane.x(points[-1].at), points[-1]
    whiskers = f'd="M{x} {plane.y(last.low)} V{plane.y(last.high)}" stroke="{_BAND}" stroke-width="2"'
    yield f'<path class="line" {whiskers}/>'
    yield f'<circle class="band" cx="{x}" cy="{plane.y(last.effect)}" r="4" fill="{_BAND}"/>'


def _pieces(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Runs that are provisional or not; the first point of one also ends the run before it, so that no gap is seen."""
    start = 0
    for place in range(1, len(points)):
        if points[place].provisional != points[start].provisional:
            yield points[start : place + 1]
            start = place
    yield points[start:]


def _interval(plane: Plane, points: Sequence[Point]) -> Iterator[str]:
    upper = " ".join(f"{plane.x(each.at)},{plane.y(each.high)}" for each in points)
    lower = " ".join(f"{plane.x(each.at)},{plane.y(each.low)}" for each in reversed(points))
    middle = " ".join(f"{plane.x(each.at)},{plane.y(each.effect)}" for each in points)
    opacity, dashes = ("0.13", ' stroke-dasharray="5 4"') if points[0].provisional else ("0.28", "")
    line = f'class="line" fill="none" stroke="{_BAND}"{dashes}'
    yield f'<polygon class="band" points="{upper} {lower}" fill="{_BAND}" fill-opacity="{opacity}"/>'
    for edge in (upper, lower):
        yield f'<polyline points="{edge}" {line} stroke-width="1" stroke-opacity="0.6"/>'
    yield f'<polyline points="{middle}" {line} stroke-width="2"/>'


def _foot(plane: Plane, height: int, points: Sequence[Point]) -> Iterator[str]:
    for x, date in plane.dates():
        yield f'<path class="rule" d="M{x} {height - FOOT} v5" stroke="{_RULE}"/>'
        yield _words(x, height - FOOT + 18, date, 'class="faint" text-anchor="middle"', _FAINT)
    told = ["Dates in UTC."]
    if any(point.provisional for point in points):
        told.append("Dashed: provisional, of everybody so far.")
    if any(map(plane.cuts, points)):
        told.append("Intervals that reach the edge are wider than shown.")
    yield _words(14, height - 9, " ".join(told), 'class="faint"', _FAINT)


def _digits(ticks: Sequence[float]) -> int:
    step = ticks[1] - ticks[0]
    return next((digits for digits in range(4) if abs(step * 10**digits - round(step * 10**digits)) < 1e-6), 4)


def _words(x: float, y: float, said: str, how: str, fill: str) -> str:
    return f'<text x="{x}" y="{y}" {how} fill="{fill}">{escaped(said)}</text>'
