"""What a chunk tells in columns is what its people changed, one by one."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import delta_columns as module
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.delta_rows import add_up
from streams.domain.experiments.partials import CellKey, PartialCounts, read_partial
from streams.domain.experiments.row_layout import GROUPED_WIDTH, Ints
from tests.property.domain.contact.contributions import contributions
from tests.unit.domain.experiments.cells import Difference, row_of

STEPS = st.lists(st.lists(contributions(), min_size=1, max_size=3), min_size=1, max_size=4)
"""Of some people what they give, and what they give next."""


@given(STEPS, st.sampled_from([1, 80, 1 << 20]), st.sampled_from([0, 4]))
def test_columns_add_up_to_what_people_changed(steps: list[list[list[Contribution]]], most: int, often: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "MOST_BYTES", most)
        patched.setattr(module, "_OFTEN", often)
        records = list(told(steps).records())
    event(f"records: {min(len(records), 4)}")
    found, strange = add_up([read for value in records if isinstance(read := read_partial(value), PartialCounts)])
    assert strange == 0
    assert {where: wide(row) for where, row in found.items() if row.any()} == changed(steps)


def told(steps: Sequence[Sequence[Sequence[Contribution]]]) -> DeltaColumns:
    columns = DeltaColumns()
    for person in steps:
        before = NOTHING
        for given_now in person:
            columns.replace(before, after := packed(given_now))
            before = after
    return columns


def changed(steps: Sequence[Sequence[Sequence[Contribution]]]) -> dict[CellKey, list[int]]:
    whole = Difference()
    for person in steps:
        before: Sequence[Contribution] = ()
        for given_now in person:
            whole.replace(before, given_now)
            before = given_now
    rows = {where: row_of(cell) for where, cell in whole.cells.items()}
    return {where: wide(row) for where, row in rows.items() if row.any()}


def wide(row: Ints) -> list[int]:
    found: list[int] = np.pad(row, (0, GROUPED_WIDTH - len(row))).tolist()
    return found
