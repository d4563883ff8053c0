"""What a chunk tells in columns is what its people changed, one by one; and packed they give what they give."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.contact.contribution import Given
from streams.domain.contact.packed_contribution import NOTHING, packed, unpacked
from streams.domain.experiments import delta_columns as module
from streams.domain.experiments.delta_columns import Columns
from streams.domain.experiments.delta_rows import add_up
from streams.domain.experiments.metrics import METRICS
from streams.domain.experiments.partials import Counted, Where, read_partial
from streams.domain.experiments.row_layout import GROUPED_WIDTH, Ints
from tests.property.domain.experiments.people import lawful
from tests.unit.domain.experiments.cells import Difference, row_of

VALUES = st.dictionaries(st.integers(0, len(METRICS) - 1), st.integers(-3, 3), max_size=3).map(
    lambda found: tuple((place, y, abs(y) % 2, y + 1) for place, y in sorted(found.items()))
)
FEW_VALUES = st.lists(VALUES, min_size=1, max_size=3)


@st.composite
def people(draw: st.DrawFn) -> list[Given]:
    """What one person gives to some experiments."""
    alike = draw(FEW_VALUES)
    return [
        Given(
            name,
            draw(st.sampled_from("AAB")),
            draw(st.sampled_from([20_000, 20_000, 20_001])),
            draw(st.sampled_from(["", "", "1b2c3d4e"])),
            draw(st.sampled_from([-1, -1, -1, 5, 7])),
            draw(st.booleans()) and draw(st.booleans()),
            draw(st.sampled_from(alike)),
        )
        for name in sorted(draw(st.sets(st.sampled_from("vwxyz"))))
    ]


STEPS = st.lists(st.lists(people(), min_size=1, max_size=3), min_size=1, max_size=4)
"""Of some people what they give, and what they give next."""


@lawful
@given(people())
def test_packed_and_unpacked_it_is_the_same(person: list[Given]) -> None:
    found = packed(person)
    assert list(unpacked(found)) == person
    assert packed(unpacked(found)) == found
    assert list(found.experiments) == [each.experiment for each in person]
    event(f"experiments with the same outcomes: {len(person) - len(found.values)}")


@lawful
@given(STEPS, st.sampled_from([1, 80, 1 << 20]), st.sampled_from([0, 4]))
def test_columns_add_up_to_what_people_changed(steps: list[list[list[Given]]], most: int, often: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "MOST_BYTES", most)
        patched.setattr(module, "_OFTEN", often)
        records = list(told(steps).records())
    event(f"records: {min(len(records), 4)}")
    found, strange = add_up([read for value in records if isinstance(read := read_partial(value), Counted)])
    assert strange == 0
    assert {where: wide(row) for where, row in found.items() if row.any()} == changed(steps)


def told(steps: Sequence[Sequence[Sequence[Given]]]) -> Columns:
    columns = Columns()
    for person in steps:
        before = NOTHING
        for given_now in person:
            columns.replace(before, after := packed(given_now))
            before = after
    return columns


def changed(steps: Sequence[Sequence[Sequence[Given]]]) -> dict[Where, list[int]]:
    whole = Difference()
    for person in steps:
        before: Sequence[Given] = ()
        for given_now in person:
            whole.replace(before, given_now)
            before = given_now
    rows = {where: row_of(cell) for where, cell in whole.cells.items()}
    return {where: wide(row) for where, row in rows.items() if row.any()}


def wide(row: Ints) -> list[int]:
    found: list[int] = np.pad(row, (0, GROUPED_WIDTH - len(row))).tolist()
    return found
