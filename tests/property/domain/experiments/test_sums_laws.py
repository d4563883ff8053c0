"""Differences, chunk by chunk, add up to the sums from scratch."""

from collections.abc import Iterable

from hypothesis import event, given
from hypothesis import strategies as st

from events.experiments.metrics import METRICS
from streams.demo.recount_experiments import Arm, added_up
from streams.domain.contact import ContactState
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution, unpacked
from streams.domain.experiments.partials import CellKey
from tests.property.domain.contact.strategies import Feed, chunks
from tests.property.domain.experiments.people import RULES, Rules, all_by_the_oracle, feeds, given_by
from tests.unit.domain.contact.said import fold
from tests.unit.domain.experiments.cells import Cell, Difference, Sums

COUNTED = ("y", "yy", "x", "xx", "xy", "yd", "raw")
Cells = dict[CellKey, Cell]


@given(st.lists(feeds(), min_size=1, max_size=3), RULES, RULES, st.data())
def test_differences_add_up_to_what_everybody_gives_now(
    people: list[Feed], first: Rules, then: Rules, data: st.DataObject
) -> None:
    """Each person's last step is by other rules, as in a sweep."""
    total: Cells = {}
    scratch = Difference()
    for person in people:
        state, before = ContactState(), NOTHING
        for chunk in data.draw(chunks(person.delivered)):
            state, _ = fold(state, chunk)
            before = _take(total, before, given_by(state, first, before))
        scratch.replace((), unpacked(_take(total, before, given_by(state, then))))
    event(f"cells: {len(scratch.cells)}")
    assert plain(total) == plain(scratch.cells)
    found = {where: cell for where, cell in scratch.cells.items() if cell.n}
    assert by_variant(found) == sums_of_the_oracle(people, then)


def _take(total: Cells, before: PackedContribution, after: PackedContribution) -> PackedContribution:
    step = Difference()
    step.replace(unpacked(before), unpacked(after))
    for where, cell in step.cells.items():
        add(total.setdefault(where, Cell()), cell)
    return after


def add(total: Cell, cell: Cell) -> None:
    total.n += cell.n
    total.contaminated += cell.contaminated
    for place, sums in cell.sums.items():
        known = total.sums.setdefault(place, type(sums)())
        for name in COUNTED:
            setattr(known, name, getattr(known, name) + getattr(sums, name))
    for group, (n, totals) in cell.groups.items():
        was_n, known_totals = total.groups.get(group, (0, {}))
        both = dict(known_totals)
        for place, (y, x) in totals.items():
            was_y, was_x = both.get(place, (0, 0))
            both[place] = was_y + y, was_x + x
        total.groups[group] = was_n + n, both


def plain(cells: Cells) -> dict[CellKey, object]:
    """Without what is nothing."""
    found: dict[CellKey, object] = {}
    for where, cell in cells.items():
        sums = {place: each for place, each in cell.sums.items() if any(getattr(each, name) for name in COUNTED)}
        groups = {
            group: (n, {place: each for place, each in totals.items() if any(each)})
            for group, (n, totals) in cell.groups.items()
        }
        groups = {group: each for group, each in groups.items() if each != (0, {})}
        if cell.n or sums or groups:
            found[where] = cell.n, cell.contaminated, sums, groups
    return found


def by_variant(cells: Cells) -> dict[tuple[str, str], object]:
    """All days and editions together."""
    total: dict[tuple[str, str], Cell] = {}
    for (experiment, _, variant, _), cell in cells.items():
        add(total.setdefault((experiment, variant), Cell()), cell)
    return {
        name: (
            cell.n,
            cell.contaminated,
            {METRICS[place]: figures for place, sums in cell.sums.items() if any((figures := of(sums)).values())},
        )
        for name, cell in total.items()
    }


def of(sums: Sums) -> dict[str, int]:
    return {name: getattr(sums, name) for name in COUNTED}


def sums_of_the_oracle(people: Iterable[Feed], rules: Rules) -> dict[tuple[str, str], object]:
    found = added_up(all_by_the_oracle(person.life, rules) for person in people)
    return {(name, variant): _told(arm) for name, arms in found.items() for variant, arm in arms.items()}


def _told(arm: Arm) -> object:
    return (
        arm["n"],
        arm["contaminated"],
        {name: {**sums} for name, sums in arm["metrics"].items() if any(sums.values())},
    )
