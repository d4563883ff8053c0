"""The common table: figures that several subjects share side by side, the others one a line."""

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.results import Figure, Section

_REACHED = {True: "yes", False: "no", None: ""}


def table(section: Section) -> str:
    """A section as Markdown, which a terminal shows just as well: median and, in brackets, the least and the most."""
    counts = Counter(figure.name for figure in section.figures)
    shared = [figure for figure in section.figures if counts[figure.name] > 1]
    single = [figure for figure in section.figures if counts[figure.name] == 1]
    parts = [f"## {section.title}", *map(_matrix, _grouped(shared)), _list(single) if single else ""]
    parts += [f"{note}." for note in (*section.notes, section.measured) if note is not None]
    return "\n\n".join(part for part in parts if part) + "\n"


def number(value: float) -> str:
    """As many digits as are worth reading."""
    if abs(value) >= 1000:
        return f"{round(value, -2):,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _grouped(figures: Sequence[Figure]) -> list[list[Figure]]:
    return [list(figures)] if figures else []


def _matrix(figures: Sequence[Figure]) -> str:
    columns = list(dict.fromkeys((figure.name, figure.unit) for figure in figures))
    rows = list(dict.fromkeys(figure.subject for figure in figures))
    common = _common_goals(figures)
    cells = {(figure.subject, figure.name): _cell(figure, common) for figure in figures}
    head = ["", *(", ".join(filter(None, (*column, common.get(column[0])))) for column in columns)]
    body = [[row, *(cells.get((row, name), "") for name, _ in columns)] for row in rows]
    return _markdown([head, *body])


def _common_goals(figures: Sequence[Figure]) -> dict[str, str]:
    """By the name of a column its goal, where all that have one have the same."""
    goals: dict[str, set[str]] = {}
    for figure in figures:
        if figure.goal:
            goals.setdefault(figure.name, set()).add(_goal(figure))
    return {name: goal for name, (goal, *others) in goals.items() if not others}


def _cell(figure: Figure, common: Mapping[str, str]) -> str:
    """With its own goal where others of the column have another one."""
    reached = _REACHED[figure.reached]
    if figure.goal and figure.name not in common:
        reached = f"{reached}, {_goal(figure)}"
    return " ".join(filter(None, (_spread(figure), reached)))


def _list(figures: Sequence[Figure]) -> str:
    head = ["", "measured", "unit", "goal", "reached"]
    return _markdown([head, *(_line(figure) for figure in figures)])


def _line(figure: Figure) -> list[str]:
    goal = _goal(figure)
    return [f"{figure.subject}: {figure.name}", _spread(figure), figure.unit, goal, _REACHED[figure.reached]]


def _goal(figure: Figure) -> str:
    return f"{figure.goal.bound} {figure.goal.value:g}" if figure.goal else ""


def _spread(figure: Figure) -> str:
    low, high = number(min(figure.values)), number(max(figure.values))
    middle = number(figure.median)
    return middle if low == high else f"{middle} ({low}–{high})"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]
    head, *body = [_row(row, widths) for row in rows]
    return "\n".join([head, f"|{'|'.join(rule)}|", *body])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"
