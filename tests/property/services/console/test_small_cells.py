from hypothesis import given
from hypothesis import strategies as st

from streams.services.console.rights import FEWEST, Cell, merge_small

CELLS = st.lists(st.integers(0, 40), max_size=12).map(
    lambda counts: [Cell((f"turf-{number}",), people) for number, people in enumerate(counts)]
)


@given(CELLS)
def test_nobody_is_lost_or_counted_twice(cells: list[Cell]) -> None:
    shown, merged = merge_small(cells)
    assert sum(cell.people for cell in shown) + (merged.people if merged else 0) == sum(cell.people for cell in cells)


@given(CELLS)
def test_no_cell_that_is_shown_has_fewer_people_than_the_limit(cells: list[Cell]) -> None:
    shown, _ = merge_small(cells)
    assert all(cell.people == 0 or cell.people >= FEWEST for cell in shown)


@given(CELLS)
def test_what_is_merged_gives_no_small_cell_away(cells: list[Cell]) -> None:
    """What was merged follows from the total: so it is of two cells and ten people at least, if there are as many."""
    shown, merged = merge_small(cells)
    if merged is None:
        return
    hidden = [cell for cell in cells if cell not in shown]
    others = [cell for cell in shown if cell.people]
    assert not others or (len(hidden) > 1 and merged.people >= FEWEST)


@given(CELLS)
def test_cells_that_are_all_large_stay_as_they_are(cells: list[Cell]) -> None:
    large = [cell for cell in cells if cell.people >= FEWEST]
    assert merge_small(large) == (large, None)
