"""What people add up to."""

from events.experiments.metrics import PLACE
from streams.domain.contact.contribution import Contribution
from tests.unit.domain.experiments.cells import Cell, Difference, Sums

DONATED, CONTACTED = PLACE["donated"], PLACE["contacted"]
ONE = Contribution("x", "A", 7, "e", 3, contaminated=True, values=((DONATED, 2, 3, 5), (CONTACTED, 1, 0, 1)))
WHERE = ("x", "e", "A", 7)


def test_one_person_is_a_person_with_squares_products_and_a_group() -> None:
    found = Difference()
    found.replace((), [ONE])
    sums = {DONATED: Sums(2, 4, 3, 9, 6, 2, 5), CONTACTED: Sums(1, 1, 0, 0, 0, 1, 1)}
    groups = {3: (1, {DONATED: (2, 3), CONTACTED: (1, 0)})}
    assert found.cells == {WHERE: Cell(1, 1, sums, groups)}


def test_two_people_who_are_counted_alike_are_two() -> None:
    found = Difference()
    found.replace((), [ONE])
    found.replace((), [ONE])
    assert (found.cells[WHERE].n, found.cells[WHERE].sums[DONATED].raw) == (2, 10)


def test_only_what_has_changed_is_touched() -> None:
    found = Difference()
    other = Contribution("y", "A", 7)
    found.replace([ONE, other], [ONE])
    assert found.cells == {("y", "", "A", 7): Cell(-1)}
    found.replace([ONE], [ONE])
    assert len(found.cells) == 1


def test_who_comes_and_goes_leaves_nothing() -> None:
    found = Difference()
    found.replace((), [ONE])
    found.replace([ONE], ())
    gone = {3: (0, {DONATED: (0, 0), CONTACTED: (0, 0)})}
    assert found.cells == {WHERE: Cell(0, 0, {DONATED: Sums(), CONTACTED: Sums()}, gone)}
