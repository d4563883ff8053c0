"""Sums that are rows of one array are the sums that they would be as bytes, whatever comes, closes, and goes back."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.experiments.metrics import METRICS
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import row_table as module
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.partials import PartialCounts, read_partial
from streams.domain.experiments.row_table import RowTable
from streams.domain.experiments.totals import ExperimentTotals, with_closed_days, with_rows

NAMES = ("x", "y", "z")
DAYS = range(20_000, 20_004)
PEOPLE = st.builds(
    Contribution,
    st.sampled_from(NAMES),
    st.sampled_from("ABC"),
    st.sampled_from(DAYS),
    st.sampled_from(["", "1b2c3d4e"]),
    group=st.sampled_from([-1, -1, -1, 5]),
    contaminated=st.booleans(),
    values=st.dictionaries(st.integers(0, len(METRICS) - 1), st.integers(-9, 9), max_size=3).map(
        lambda found: tuple((place, y, 2, y) for place, y in sorted(found.items()))
    ),
)
EDITION = ""


class Both:
    """Each experiment as bytes, and some of them as rows as well."""

    def __init__(self) -> None:
        self.rows = RowTable()
        self.apart: dict[str, ExperimentTotals] = {}
        self.here: dict[str, ExperimentTotals] = {}

    def tell(self, people: Sequence[Contribution], gone: Sequence[Contribution]) -> None:
        columns = DeltaColumns()
        for person in people:
            columns.replace(NOTHING, packed([person]))
        for person in gone:
            columns.replace(packed([person]), NOTHING)
        records = [read for value in columns.records() if isinstance(read := read_partial(value), PartialCounts)]
        for name, more in by_experiment(add_up(records)[0]).items():
            self.apart[name] = with_rows(self.apart.get(name, ExperimentTotals()), more.get(EDITION, ()))
        touched, rest = self.rows.add(records)
        assert set(touched) <= self.rows.keys()
        for name, more in by_experiment(add_up(rest)[0]).items():
            self._bring_back(name)
            self.here[name] = with_rows(self.here.get(name, ExperimentTotals()), more.get(EDITION, ()))

    def take(self, name: str) -> None:
        if name not in self.rows and self.rows.take(name, EDITION, self.here.get(name, ExperimentTotals())):
            self.here[name] = ExperimentTotals()

    def close(self, name: str, until: int) -> None:
        self.apart[name] = with_closed_days(self.apart.get(name, ExperimentTotals()), until)
        if name in self.rows:
            self.rows.close(name, until)
        else:
            self.here[name] = with_closed_days(self.here.get(name, ExperimentTotals()), until)

    def agree(self) -> None:
        for name in NAMES:
            found = self.rows.totals(name) if name in self.rows else self.here.get(name, ExperimentTotals())
            assert found == self.apart.get(name, ExperimentTotals())
        for live in self.rows.values():
            for arm in live.arms.values():
                parts = self.rows.array[[arm.closed, *arm.days.values()]]
                assert np.array_equal(self.rows.array[arm.whole], parts.sum(axis=0))
            open_days = [day for arm in live.arms.values() for day in arm.days]
            assert live.first_day == min(open_days, default=None)

    def _bring_back(self, name: str) -> None:
        if name in self.rows:
            self.here[name] = self.rows.totals(name)
            self.rows.drop(name)


@pytest.fixture(autouse=True)
def _little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEAST", 4)
    monkeypatch.setattr(module, "MOST", 32)


@given(st.data())
def test_rows_are_the_sums_that_bytes_are(data: st.DataObject) -> None:
    both = Both()
    people: list[Contribution] = []
    for _ in range(data.draw(st.integers(1, 12))):
        for name in data.draw(st.lists(st.sampled_from(NAMES), max_size=3)):
            both.take(name)
        more = data.draw(st.lists(PEOPLE, max_size=5))
        gone = data.draw(st.lists(st.sampled_from(people), unique_by=id)) if people else []
        both.tell(more, gone)
        people = [each for each in people if not any(each is other for other in gone)] + more
        if data.draw(st.booleans()):
            both.close(data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(DAYS)))
        both.agree()
    event(f"as rows: {len(both.rows)}")
