"""Hides what few people said or did in tables about people, so that none of it follows by subtraction. Pure.

Attempts are not about people and are always shown. `None` as a number of people means that nobody knows how many there
are; then they may be few.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from streams.services.console.desk_reading import Field, Gifts
from streams.services.console.rights import FEWEST, Cell, merge_small

Table = Mapping[str, Mapping[str, int]]
"""Numbers of people by row and column."""


def shown_fields(fields: Sequence[Field]) -> tuple[frozenset[str], int]:
    """The places (turf, or region where all are of one) of which what people said may be shown, and how many may not.

    The sum over those that may not is of two places and ten people or more, or there is none.
    """
    keys = {_place(each): each for each in fields}
    known = [Cell((place,), each.people) for place, each in keys.items() if each.people is not None]
    cells, _ = merge_small(known)
    if len(known) < len(keys):
        return frozenset(), len(keys)
    names = frozenset(cell.keys[0] for cell in cells)
    return names, len(keys) - len(names)


def _place(field: Field) -> str:
    return f"{field.region}/{field.turf}"


def is_shown(field: Field, shown: Collection[str]) -> bool:
    """Whether what people said in a place may be shown."""
    return _place(field) in shown


def hidden_together(fields: Sequence[Field], shown: Collection[str]) -> Field | None:
    """The places that may not be shown by themselves, as one; None where even together they may not be."""
    hidden = [each for each in fields if not is_shown(each, shown)]
    people = [each.people for each in hidden]
    if not hidden or None in people or sum(each or 0 for each in people) < FEWEST:
        return None
    return Field(
        region="",
        turf="",
        attempts=sum(each.attempts for each in hidden),
        contacted=sum(each.contacted for each in hidden),
        supporters=sum(each.supporters for each in hidden),
        people=sum(each or 0 for each in people),
        outcomes={},
        last_ms=max(each.last_ms for each in hidden),
    )


def shown_counts(table: Table) -> Mapping[str, Mapping[str, int | None]]:
    """A table with small cells left out, column by column: None. A column's sum then gives away none of them.

    What is left out of a column is two cells and ten people or more, so rows have no sums of their own to show.
    """
    columns = {column for row in table.values() for column in row}
    kept: dict[str, frozenset[str]] = {}
    for column in columns:
        cells, _ = merge_small([Cell((name,), row[column]) for name, row in table.items() if column in row])
        kept[column] = frozenset(cell.keys[0] for cell in cells)
    return {
        name: {column: count if name in kept[column] else None for column, count in row.items()}
        for name, row in table.items()
    }


def shown_sums(table: Table) -> Mapping[str, int | None]:
    """The sum of each column; None where it is of fewer than ten people."""
    sums: dict[str, int] = {}
    for row in table.values():
        for column, count in row.items():
            sums[column] = sums.get(column, 0) + count
    return {column: None if 0 < count < FEWEST else count for column, count in sums.items()}


def split(found: Sequence[Gifts], name_of: Callable[[Gifts], str]) -> tuple[list[Gifts], list[Gifts]]:
    """What may be shown by itself, and what may not, since it is of fewer than ten gifts or would give such away."""
    cells, _ = merge_small([Cell((name_of(each),), max(1, each.gifts)) for each in found])
    names = {cell.keys[0] for cell in cells}
    shown = [each for each in found if name_of(each) in names]
    hidden = [each for each in found if name_of(each) not in names]
    shown.sort(key=lambda each: -each.gifts)
    while shown and 0 < sum(each.gifts for each in hidden) < FEWEST:  # the others are of refunds alone
        hidden.append(shown.pop())
    return shown, hidden


def together(found: Sequence[Gifts]) -> Gifts:
    """Several sums as one."""
    return Gifts(
        values=(),
        start_ms=None,
        gifts=sum(each.gifts for each in found),
        gross=added(each.gross for each in found),
        refunds=sum(each.refunds for each in found),
        refunded=added(each.refunded for each in found),
        failed=sum(each.failed for each in found),
        cancelled=sum(each.cancelled for each in found),
    )


def added(sums: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """Sums of money added up by currency."""
    found: dict[str, int] = {}
    for each in sums:
        for currency, amount in each.items():
            found[currency] = found.get(currency, 0) + amount
    return found
