"""The table of metrics is whole, and all that is known of a metric is derived from it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from events.experiments.metrics import COUNTED_TYPES, METRIC_SPECS, METRICS, Metric, MetricSpec
from events.json_types import JSON
from events.reference import with_metrics
from events.registry import BY_NAME, types_that
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.file_mistakes import FileMistakes
from tests.unit.domain.contact.said import Arrival, said
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
