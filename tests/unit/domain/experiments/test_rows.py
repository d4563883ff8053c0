"""What rows do with what is not theirs, and where there is no room."""

import pytest

from streams.domain.experiments import row_table as module
from streams.domain.experiments.partials import NO_CELL, PartialCounts
from streams.domain.experiments.row_layout import row_of
from streams.domain.experiments.row_table import RowTable
from streams.domain.experiments.totals import MOST_ARMS, ExperimentTotals, VariantTotals

DAY = 20_000
ONE = PartialCounts([("ask", "", "A")], [DAY, 1, 0], [0, 3, 5, 25, 0, 0, 0, 0, 5])
NONE = ExperimentTotals({"A": VariantTotals()})


def people(rows: RowTable) -> int:
    return sum(int(row_of(day)[0]) for arm in rows.totals("ask").arms.values() for day in arm.days.values())


@pytest.fixture
def rows() -> RowTable:
    found = RowTable()
    assert found.take("ask", "", NONE)
    return found


def test_of_one_that_is_counted_by_another_edition_too_all_is_left(rows: RowTable) -> None:
    """What came before it in the same records too: what is shown has to stay as it was before all of them."""
    anew = PartialCounts([("ask", "1b2c3d4e", "A"), ("door", "", "A")], [DAY, 1, 0, DAY, 1, 0])
    assert rows.take("door", "", NONE)
    assert rows.add([ONE, anew]) == ({"door"}, [ONE, PartialCounts([anew.names[0], NO_CELL], anew.heads)])
    assert people(rows) == 0


@pytest.mark.parametrize(
    "strange",
    [
        PartialCounts(ONE.names, [DAY, 1]),
        PartialCounts(ONE.names, [DAY, 2**63, 0]),
        PartialCounts(ONE.names, [DAY, 1, 0, DAY, 1, 0]),
        PartialCounts(ONE.names, [DAY, 1, 0], [1, 1, *[1] * 7]),
        PartialCounts(ONE.names, [DAY, 1, 0], [0, 1, 1]),
        PartialCounts(ONE.names, [DAY, 1, 0], (), [0, 128, 1]),
    ],
)
def test_of_what_cannot_be_added_up_nothing_is_added_and_all_is_left(rows: RowTable, strange: PartialCounts) -> None:
    assert rows.add([strange]) == (set(), [strange])
    assert people(rows) == 0


def test_households_and_too_many_variants_are_not_taken() -> None:
    wide = ExperimentTotals({"A": VariantTotals(b"z-packed")})
    many = ExperimentTotals({str(number): VariantTotals() for number in range(MOST_ARMS)})
    assert not RowTable().take("ask", "", wide)
    assert not RowTable().take("ask", "", many)


def test_there_is_an_end_to_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEAST", 4)
    monkeypatch.setattr(module, "MOST", 8)
    rows = RowTable()
    assert [rows.take(name, "", NONE) for name in "abcde"] == [True, True, True, False, False]
    record = PartialCounts([("a", "", "A")], [DAY, 1, 0])
    assert rows.add([record]) == ({"a"}, [])
    later = PartialCounts([("a", "", "A")], [DAY + 1, 1, 0])
    assert rows.add([later]) == (set(), [later])
    rows.drop("b")
    assert rows.add([later]) == ({"a"}, [])
