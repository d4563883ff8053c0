"""Figures over what they depend on, as a picture: latency over rate, cost over facts known, throughput over contacts.

Drawn of a file of results, and of another one of an older head beside it where there is one.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.report import number
from streams.history.chart_axis import axis_steps

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800, 240, 70, 190, 44, 40
_INK, _FAINT, _RULE, _NOW, _BEFORE = "#24292f", "#6e7781", "#e4e7eb", "#1a7f37", "#8c959f"
_DASHES = ("", ' stroke-dasharray="6 3"')


@dataclass(frozen=True, slots=True)
class Point:
    """The median of a figure at one place of the axis below, with the least and the most of its runs."""

    at: float
    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure over what it depends on. `is_before`: of an older head."""

    name: str
    points: Sequence[Point]
    is_before: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a chart shows: of each section's subjects that `subject` matches, the figures of these names.

    The pattern's group is the number on the axis below.
    """

    title: str
    section: str
    subject: str
    figures: Mapping[str, str]
    """By the figure's name the one on the chart."""
    below: str
    unit: str


QUESTIONS = (
    Question(
        "From a producer's acknowledgement to Redis",
        "A slow pace",
        r"([\d,]+) events/s",
        {"p50": "half of them", "p99": "99 of 100"},
        "events a second",
        "ms",
    ),
    Question(
        "CPU of the contacts agent for a record, its state in memory",
        "A record in pure Python",
        r"contacts, ([\d,]+) facts",
        {"CPU": "in order"},
        "facts known of the contact",
        "µs",
    ),
    Question(
        "The same, its state read from the store",
        "A record in pure Python",
        r"contacts, ([\d,]+) facts, from the store",
        {"CPU": "from the store"},
        "facts known of the contact",
        "µs",
    ),
    Question(
        "Throughput of one worker",
        "Memory and throughput by contacts",
        r"([\d,]+) contacts",
        {"wall": "one worker"},
        "contacts",
        "events/s",
    ),
)


def curves(results: Mapping[str, Any], question: Question, *, is_before: bool) -> list[Curve]:
    """What a file of results says to a question; nothing where it was not measured."""
    found: dict[str, list[Point]] = {}
    for section in results["sections"]:
        if section["title"] != question.section:
            continue
        for figure in section["figures"]:
            subject, name = re.fullmatch(question.subject, figure["subject"]), question.figures.get(figure["name"])
            if subject and name:
                at = float(subject[1].replace(",", ""))
                found.setdefault(name, []).append(Point(at, figure["median"], figure["min"], figure["max"]))
    return [Curve(name, sorted(points, key=_place), is_before) for name, points in found.items() if len(points) > 1]


def draw(now: Path, before: Path, picture: Path) -> bool:
    """Draw the charts of results that are there into a file; False, and no file, if there are none."""
    results = json.loads(now.read_bytes())
    older = json.loads(before.read_bytes()) if before.exists() else {"sections": []}
    charts = [
        (question, [*curves(older, question, is_before=True), *found])
        for question in QUESTIONS
        if (found := curves(results, question, is_before=False))
    ]
    if charts:
        picture.write_text(svg(charts))
    return bool(charts)


def svg(charts: Sequence[tuple[Question, Sequence[Curve]]]) -> str:
    """Charts below each other. A line for each curve, its name at its end, a bar from the least to the most."""
    height = HEIGHT * len(charts)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    style = 'style="font-family:system-ui,sans-serif;font-size:12px"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>']
    parts.append(f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>')
    for row, (question, found) in enumerate(charts):
        parts += [f'<g transform="translate(0 {row * HEIGHT})">', *_chart(question, found), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _chart(question: Question, found: Sequence[Curve]) -> Iterator[str]:
    unit = f'<tspan fill="{_FAINT}" font-weight="normal">{escape(question.unit)}</tspan>'
    yield f'<text x="12" y="24" font-weight="bold" font-size="13" fill="{_INK}">{escape(question.title)}, {unit}</text>'
    x, y, steps = _axes([point for curve in found for point in curve.points])
    for step in steps:
        yield f'<path d="M{LEFT} {y(step)} H{WIDTH - RIGHT}" stroke="{_RULE}"/>'
        yield f'<text x="{LEFT - 8}" y="{y(step) + 4}" text-anchor="end" fill="{_FAINT}">{step:,.0f}</text>'
    for at in sorted({point.at for curve in found for point in curve.points}):
        yield f'<text x="{x(at)}" y="{HEIGHT - 22}" text-anchor="middle" fill="{_FAINT}">{at:,.0f}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle" fill="{_FAINT}">{escape(question.below)}</text>'
    ends = _apart([y(curve.points[-1].median) + 4 for curve in found])
    names = list(question.figures.values())
    for curve, end in zip(found, ends, strict=True):
        yield from _line(curve, x, y, _DASHES[names.index(curve.name) % len(_DASHES)])
        name = f"{curve.name}{', before' if curve.is_before else ''} {number(curve.points[-1].median)}"
        yield f'<text x="{WIDTH - RIGHT + 8}" y="{end}" fill="{_colour(curve)}">{escape(name)}</text>'


_Scale = Callable[[float], float]


def _axes(points: Sequence[Point]) -> tuple[_Scale, _Scale, Sequence[float]]:
    """Places of what is below, by powers of ten, and of the values, from zero; and the values that have a rule."""
    least, most = log10(min(point.at for point in points)), log10(max(point.at for point in points))
    steps = axis_steps(0.0, max(point.most for point in points))

    def x(at: float) -> float:
        return round(LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * (log10(at) - least) / (most - least), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / steps[-1], 1)

    return x, y, steps


def _line(curve: Curve, x: _Scale, y: _Scale, dashes: str) -> Iterator[str]:
    colour = _colour(curve)
    way = " ".join(f"{x(point.at)},{y(point.median)}" for point in curve.points)
    yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>'
    for point in curve.points:
        yield f'<circle cx="{x(point.at)}" cy="{y(point.median)}" r="3" fill="{colour}"/>'
        if point.most > point.least:
            yield f'<path d="M{x(point.at)} {y(point.least)} V{y(point.most)}" stroke="{colour}"/>'


def _apart(places: Sequence[float]) -> list[float]:
    """The same places, with room for a line of text between each two."""
    found = list(places)
    last = None
    for at in sorted(range(len(places)), key=places.__getitem__):
        found[at] = places[at] if last is None else max(places[at], last + 14)
        last = found[at]
    return found


def _colour(curve: Curve) -> str:
    return _BEFORE if curve.is_before else _NOW


def _place(point: Point) -> float:
    return point.at
