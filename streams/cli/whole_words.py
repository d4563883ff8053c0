"""Tables of times, places and names, none of which is broken: each is looked up, or copied into the next command.

What does not fit beside the rest stands below its row, further in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence

from events.times import render_time
from streams.domain.display_names import printable

_GAP = "  "
_FURTHER = "    "


def whole_seconds(ms: int) -> str:
    """A time as options take it, without its thousandths: `2012-02-22T10:00:00Z`."""
    return f"{render_time(ms)[:-5]}Z"


def print_whole_words(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print a table as wide as the terminal; without rows nothing is printed. `right`: places of numbers."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    for line in table_lines(columns, [[printable(cell) for cell in row] for row in rows], right, console.width):
        console.print(line, soft_wrap=True)


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int], room: int
) -> Iterator[str]:
    """The lines of a table: cells are broken between words only, and columns that do not fit stand below each row."""
    if not rows:
        return
    cells = [*zip(columns, *rows, strict=True)]
    needed = [max(len(word) for cell in column for word in cell.split() or [""]) for column in cells]
    beside = next(
        (number for number in range(len(columns), 1, -1) if _width(needed[:number]) <= room), min(1, len(columns))
    )
    widths = _widened(needed[:beside], [max(map(len, column)) for column in cells[:beside]], room)
    yield from _beside(columns, widths, right)
    for row in rows:
        yield from _beside(row, widths, right)
        for name, cell in zip(columns[beside:], row[beside:], strict=True):
            if cell:
                yield f"{_FURTHER}{name}: {cell}"


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _widened(needed: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Widths between what the longest words need and what all of a cell wants, first of those that want little."""
    widths = [*needed]
    for place in sorted(range(len(widths)), key=lambda place: wanted[place] - needed[place]):
        widths[place] += max(0, min(wanted[place] - needed[place], room - _width(widths)))
    return widths


def _beside(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    """A row of cells side by side, in as many lines as the longest of them needs."""
    parts = [
        textwrap.wrap(cell, max(width, 1), break_long_words=False, break_on_hyphens=False)
        for cell, width in zip(row, widths, strict=False)
    ]
    for number in range(max(1, *map(len, parts))):
        texts = [part[number] if number < len(part) else "" for part in parts]
        yield _GAP.join(
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(texts, widths, strict=True))
        ).rstrip()
