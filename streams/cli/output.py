"""Prints lines and tables for people: nothing is cut off, and nothing that a terminal would obey gets through."""

import textwrap
from collections.abc import Collection, Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table

from streams.domain.display_names import printable


def say(text: object, *, err: bool = False) -> None:
    """Print one line or several; `err`: on standard error."""
    typer.echo("\n".join(map(printable, str(text).split("\n"))), err=err)


_GAP = 2
_NARROWEST = 10
"""Characters that each broken column keeps at least."""
_FURTHER = 4
"""Spaces by which the rest of a broken line is indented."""


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    right: Collection[int] = (),
) -> None:
    """Print a table. What is too long for its column goes on in the next line. Without rows nothing is printed.

    `right`: places of the columns that are numbers.
    """
    from events.identifiers import is_identity_hash

    shown = [[printable(cell) for cell in row] for row in rows]
    if not shown:
        return
    console = _console()
    named = {place for place, column in enumerate(zip(*shown, strict=True)) if any(map(is_identity_hash, column))}
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    whole = _whole(widths, named, console.width)
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=place in whole, justify="right" if place in right else "left")
    for row in shown:
        table.add_row(*row)
    if title is not None:
        console.print(f"\n{title}")
    console.print(table)


def _whole(widths: Sequence[int], named: Collection[int], room: int) -> set[int]:
    """The columns that are not broken, the narrowest first: a time or a name is read at a glance.

    `named`: those with a contact_id come before all others, since it is copied into the next command.
    """
    whole: set[int] = set()
    left = room - _GAP * (len(widths) - 1)
    order = sorted((place not in named, width, place) for place, width in enumerate(widths))
    for number, (_, width, place) in enumerate(order, start=1):
        left -= width
        if left < _NARROWEST * (len(widths) - number):
            break
        whole.add(place)
    return whole


def print_lines(lines: Iterable[str]) -> None:
    """Print lines; one that is wider than the terminal goes on in the next, further in."""
    console = _console()
    for line in lines:
        text = printable(line)
        further = " " * (len(text) - len(text.lstrip()) + _FURTHER)
        for part in textwrap.wrap(text, console.width, subsequent_indent=further) or [""]:
            console.print(part)


def _console() -> Console:
    return Console(markup=False, highlight=False, emoji=False)
