"""Metrics of experiments, and their history."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from events.experiment_results import ExperimentResult, Moment
from events.experiments.metrics import COUNTED_TYPES, METRIC_SPECS, METRICS, Metric, MetricSpec
from events.json_types import JSON
from events.reference import with_metrics
from events.registry import BY_NAME, types_that
from events.times import render_time
from streams.domain.experiments import row_table as module
from streams.domain.experiments.comparison_history import MAX_MOMENTS, MIN_MOMENTS, with_history, with_moment
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.experiments.partials import NO_CELL, PartialCounts
from streams.domain.experiments.row_layout import row_of
from streams.domain.experiments.row_table import RowTable
from streams.domain.experiments.totals import MOST_ARMS, ExperimentTotals, VariantTotals
from streams.domain.file_mistakes import FileMistakes
from tests.unit.domain.contact.said import Arrival, said
from tests.unit.domain.experiments.example import START, comparison, gotv, watched
from tests.unit.domain.experiments.people import assigned, figures
from tests.unit.domain.human.people import CHROME
from tests.unit.events.records import REQUIRED

COUNTING = Path(__file__).parents[4] / "docs" / "experiments-counting.md"
COUNTS: dict[str, dict[str, JSON]] = {
    "email.opened": {"user_agent": CHROME},
    "email.clicked": {"user_agent": CHROME},
    "canvass.reported": {"outcome": "contacted", "support": 1},
    "consent.changed": {"granted": False},
    "experiment.assigned": {"experiment": {"id": "x", "variant": "B"}},
}
"""What is said by an interaction of these types that counts; of all others it is enough what they must say."""


def happening(type_: str) -> Arrival:
    return said(type_, "1", **{**REQUIRED[type_], **COUNTS.get(type_, {})})


def test_every_name_has_one_entry_in_the_order_of_the_ids_under_which_sums_are_stored() -> None:
    assert get_args(Metric) == METRICS
    assert [spec.id for spec in METRIC_SPECS] == [*range(len(METRIC_SPECS))]


@pytest.mark.parametrize("spec", METRIC_SPECS, ids=METRICS)
def test_what_an_entry_says_goes_together(spec: MetricSpec) -> None:
    """Messages are added up after a week and acts are judged, so that one happened is not known for ever."""
    units = {"money": "money", "human_acts": "thousandths", "happened": "part", "says": "part"}
    acts = types_that(lambda of: of.engagement)
    types = [BY_NAME[type_] for type_ in spec.types]

    assert types
    assert spec.label
    assert spec.counts
    assert spec.unit == units[spec.counting]
    assert spec.types <= acts if spec.counting == "human_acts" else not any(of.is_message for of in types)
    assert not any(of.is_command for of in types)
    assert all(of.money for of in types) if spec.counting == "money" else True
    assert spec.more_is == "worse" or not spec.is_guardrail


@pytest.mark.parametrize(
    ("type_", "metric"), [(type_, spec.name) for spec in METRIC_SPECS for type_ in sorted(spec.types)]
)
def test_an_interaction_of_each_type_that_a_metric_names_counts(type_: str, metric: str) -> None:
    assert metric in figures(assigned(), happening(type_))


@pytest.mark.parametrize("type_", sorted(types_that(lambda spec: not spec.is_command) - COUNTED_TYPES))
def test_an_interaction_of_a_type_that_no_metric_names_counts_nothing(type_: str) -> None:
    assert figures(assigned(), happening(type_)) == {}


def test_the_table_of_metrics_in_the_docs_is_that_of_the_registry() -> None:
    page = COUNTING.read_text()

    assert with_metrics(page) == page, "run `make schemas`"


def test_a_metric_that_is_added_to_the_registry_is_defined_counted_stored_judged_and_shown() -> None:
    program = [sys.executable, "-m", "tests.unit.domain.experiments.with_a_scratch_metric"]
    without = read_definitions('[[experiment]]\nid = "x"\nvariants = { A = 1, B = 1 }\nmetrics = ["joined"]\n')

    done = subprocess.run(program, capture_output=True, text=True, check=True)

    assert isinstance(without, FileMistakes)
    assert json.loads(done.stdout) == {
        "defined": ["joined"],
        "sums": {"A": 40, "B": 360},
        "compared": ["joined", True],
        "title": "joined: filled in a form (primary)",
        "words": ["", "", "better"],
        "in_schema": True,
        "documented": True,
    }


def moment(at: int, effect: float = 0.01) -> Moment:
    return {
        "as_of": render_time(at),
        "effect": effect,
        "low": effect - 0.02,
        "high": effect + 0.02,
        "people": 100,
        "provisional": False,
    }


def test_a_short_history_keeps_everything_but_more_than_one_a_minute() -> None:
    history: list[Moment] = []
    for second in (0, 61, 62, 119, 200):
        history = with_moment(history, moment(START + second * 1000, second))

    assert [each["effect"] for each in history] == [0, 119, 200]


def test_the_history_is_of_the_primary_metric_by_variant_and_of_closed_days_where_there_are() -> None:
    history = with_history(None, gotv())["history"]

    assert (history["metric"], history["baseline"], history["level"]) == ("donated", "control", 0.95)
    assert history["variants"].keys() == {"deadline", "from a neighbour"}
    [found] = history["variants"]["deadline"]
    assert (found["low"], found["high"], found["provisional"], found["people"]) == (0.0021, 0.0193, False, 9_600)


def test_a_changed_definition_metric_or_baseline_begins_anew() -> None:
    before = with_history(None, gotv())
    for changed in (
        gotv(definition="other"),
        gotv(primary="opened"),
        gotv(comparisons=[comparison("donated", "control", -0.1, 0.1, baseline="deadline")]),
    ):
        changed["as_of"] = "2026-02-12T17:30:00.000Z"
        assert all(len(each) == 1 for each in with_history(before, changed)["history"]["variants"].values())


def test_without_a_comparison_there_is_no_history_and_what_there_was_stays() -> None:
    nothing: ExperimentResult = gotv(comparisons=[])
    before = with_history(None, gotv())

    assert "history" not in with_history(None, nothing)
    assert with_history(before, nothing)["history"] == before["history"]


def test_neither_result_is_changed() -> None:
    before, after = watched(gotv()), gotv(as_of="2026-03-01T00:00:00.000Z")
    there = len(before["history"]["variants"]["deadline"])

    with_history(before, after)

    assert len(before["history"]["variants"]["deadline"]) == there
    assert "history" not in after


def test_of_many_variants_there_is_one_bound_together_or_a_few_of_each() -> None:
    two = watched(gotv(), looks=400)["history"]["variants"]
    names = [f"v{number}" for number in range(40)]
    many: ExperimentResult = {
        **gotv(comparisons=[comparison("donated", name, 0.0, 0.1) for name in names]),
        "variants": {name: {"assigned": 10, "metrics": {}} for name in ("control", *names)},
    }
    of_many = watched(many, looks=60)["history"]["variants"]

    assert MAX_MOMENTS / 3 < sum(map(len, two.values())) <= MAX_MOMENTS
    assert max(map(len, of_many.values())) <= MIN_MOMENTS


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
