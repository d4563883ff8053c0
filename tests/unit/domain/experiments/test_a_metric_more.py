"""Sums of an experiment while some workers know a metric that others do not: none are lost either way.

The newer version is a program of its own, which has one metric more and is otherwise this code.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from events.experiments.metrics import METRICS, PLACE
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments.analysis_plan import plan_of
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.delta_rows import add_up, by_experiment
from streams.domain.experiments.evaluation import EvaluationCase, evaluate
from streams.domain.experiments.experiment_table import Experiment, decode, encode
from streams.domain.experiments.lifecycle import shown_totals, with_differences
from streams.domain.experiments.partials import PartialCounts, read_partial
from streams.domain.experiments.row_layout import (
    BARE,
    BARE_METRICS,
    KNOWN,
    OF_A_METRIC,
    SUMS,
    metrics_in,
    row_of,
    width_of,
)
from streams.domain.experiments.row_table import RowTable

DAY = 20_000


def told(people: Iterable[Contribution], gone: Iterable[Contribution] = ()) -> list[bytes]:
    """Records of differences, as contacts write them."""
    columns = DeltaColumns()
    for person in people:
        columns.replace(NOTHING, packed([person]))
    for person in gone:
        columns.replace(packed([person]), NOTHING)
    return [bytes(record) for record in columns.records()]


def counted(records: Iterable[bytes]) -> list[PartialCounts]:
    return [read for value in records if isinstance(read := read_partial(value), PartialCounts)]


def taken(experiment: Experiment, records: Iterable[bytes]) -> Experiment:
    """The experiment after these differences; all of them must be added."""
    found, strange = add_up(counted(records))
    assert strange == 0
    return with_differences(experiment, by_experiment(found)["x"])


@dataclass(frozen=True)
class Newer:
    """What the newer version made of an experiment."""

    kept: Experiment
    told: list[bytes]
    strange: int
    assigned: list[int]
    sums: list[list[int]]
    peaks: list[bytes]


def by_the_newer(experiment: Experiment, records: Iterable[bytes]) -> Newer:
    said = {"kept": encode(experiment).hex(), "told": [record.hex() for record in records]}
    program = [sys.executable, "-m", "tests.unit.domain.experiments.one_metric_more"]
    done = subprocess.run(program, input=json.dumps(said), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    kept = decode(bytes.fromhex(found["kept"]))
    assert isinstance(kept, Experiment)
    return Newer(
        kept,
        [bytes.fromhex(text) for text in found["told"]],
        found["strange"],
        found["assigned"],
        found["sums"],
        [bytes.fromhex(text) for text in found["peaks"]],
    )


def donor(variant: str, group: int = -1) -> Contribution:
    return Contribution(
        "x", variant, DAY, group=group, values=((PLACE["donated"], 1, 0, 1), (PLACE["net_amount"], 500, 0, 500))
    )


def sums(donated: int, net_amount: int, newest: int = 0) -> list[int]:
    """Of all metrics of the newer version."""
    found = [0] * (KNOWN + 1)
    found[PLACE["donated"]], found[PLACE["net_amount"]], found[-1] = donated, net_amount, newest
    return found


OLD = [donor("A"), donor("A", group=5), donor("B"), donor("B", group=7)]


def test_what_was_stored_before_a_metric_was_added_is_read_with_nothing_of_it() -> None:
    newer = by_the_newer(taken(Experiment(), told(OLD)), told([donor("A")]))

    assert (newer.strange, newer.assigned) == (0, [3, 2])
    assert newer.sums == [sums(3, 1_500), sums(2, 1_000)]


def test_an_older_worker_keeps_sums_of_a_metric_that_it_does_not_know_and_gives_them_back() -> None:
    """It was told of them by newer workers during an upgrade; they were once dropped with all that came with them."""
    of_newer = by_the_newer(Experiment(), []).told

    older = taken(taken(Experiment(), told(OLD)), of_newer)
    again = by_the_newer(decoded(older), told([donor("B")]))

    assert again.assigned == [4, 3]
    assert again.sums == [sums(4, 1_000, 14), sums(3, 1_500)]
    assert evaluate([EvaluationCase("x", plan_of("x", None), shown_totals(again.kept))]).sums == [
        each[:KNOWN] for each in again.sums
    ]


def test_an_older_worker_goes_on_from_what_a_newer_one_has_stored() -> None:
    newer = by_the_newer(taken(Experiment(), told(OLD)), [])
    mixed = by_the_newer(newer.kept, newer.told)

    after = taken(mixed.kept, told([donor("B")]))

    assert by_the_newer(after, []).sums[0][-1] == mixed.sums[0][-1] == 14


def test_sums_of_a_metric_that_is_not_known_are_taken_back_again_and_leave_nothing_behind() -> None:
    before = taken(Experiment(), told(OLD))
    of_newer = [Contribution("x", "A", DAY, group=group, values=((KNOWN, 7, 2, 7),)) for group in (-1, 5)]

    during = taken(before, told(of_newer))
    after = taken(during, told((), gone=of_newer))

    assert encode(during) != encode(before)
    assert encode(after) == encode(before)


def test_rows_in_one_array_leave_sums_that_they_have_no_room_for_to_be_added_one_by_one() -> None:
    rows = RowTable()
    assert rows.take("x", "", shown_totals(taken(Experiment(), told([donor("A")]))))

    touched, rest = rows.add(counted(told([Contribution("x", "A", DAY, values=((KNOWN, 7, 2, 7),))])))

    assert (set(touched), len(rest)) == (set(), 1)
    wide = shown_totals(taken(Experiment(), told([Contribution("x", "A", DAY, values=((KNOWN, 7, 2, 7),))])))
    assert not rows.take("y", "", wide)


def test_peaks_are_read_and_written_across_a_metric_more() -> None:
    experiment = taken(Experiment(), told([donor("A"), *[donor("B")] * 40]))
    case = EvaluationCase("x", plan_of("x", None), shown_totals(experiment), {"B": b""})
    [older] = evaluate([case]).peaks
    newer = by_the_newer(Experiment(totals=experiment.totals, peaks={"B": older}), []).peaks[0]
    high = np.frombuffer(newer, np.float64).reshape(3, -1).copy()
    high[:, -1] = 9.0

    [again] = evaluate([EvaluationCase("x", case.plan, case.totals, {"B": high.tobytes()})]).peaks

    assert len(newer) == len(older) + 3 * 8
    kept = np.frombuffer(again, np.float64).reshape(3, -1)
    assert kept[:, -1].tolist() == [9.0] * 3
    assert kept[:, :KNOWN].tobytes() == older


def decoded(experiment: Experiment) -> Experiment:
    kept = decode(encode(experiment))
    assert isinstance(kept, Experiment)
    return kept


def test_places_of_metrics_never_change_and_rows_of_the_first_ones_are_stored_as_they_always_were() -> None:
    """They are what is stored: one that is moved or removed would give its sums to another."""
    first = "opened clicked replied donated net_amount contacted support voted unsubscribed complained".split()

    assert list(METRICS[:BARE_METRICS]) == first
    assert BARE == 8 * (SUMS + OF_A_METRIC * len(first)) == 576


@pytest.mark.parametrize("groups", [False, True])
def test_the_length_of_a_row_says_how_many_metrics_it_has(groups: bool) -> None:
    sizes = {width_of(metrics) + groups * 128 * (1 + 2 * metrics): metrics for metrics in range(65)}

    for size, metrics in sizes.items():
        assert metrics_in(np.zeros(size, np.int64)) == metrics
    with pytest.raises(ValueError, match="are no row of sums"):
        row_of(b"w" + bytes(8 * (width_of(3) + 1)))
