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
