"""Experiments in which the people of the chaos suite are, and whether their results are those of a recount."""

from collections.abc import Mapping
from typing import Any

from events.experiments import ExperimentDefinition
from events.topics import EXPERIMENT_DEFINITIONS, EXPERIMENT_RESULTS
from streams.demo.deployment import Deployment
from streams.demo.recount_experiments import Arm, Definition
from streams.domain.experiments.definition_records import definition_record
from tests.chaos.verdict import latest_in

NAMES = ("e-0", "e-1", "e-2")
VARIANTS = ("A", "B")
DAY_MS = 86_400_000
CHANGED: Mapping[str, Definition] = {"e-1": {"window_ms": DAY_MS, "winsorise": 2_000}}
"""What is defined while people are counted already."""

_TOO_OLD = frozenset({"opened", "clicked"})
"""Hours in which somebody read are kept for 400 days, and what is told here happened long ago."""

Results = Mapping[str, Mapping[str, Arm]]


def define(deployment: Deployment) -> None:
    """Have people counted by `CHANGED` from now on."""
    for name in CHANGED:
        said = {"id": name, "variants": dict.fromkeys(VARIANTS, 1), "window": "1d", "winsorise": 2_000}
        key, value = definition_record(ExperimentDefinition.model_validate(said))
        for number in range(deployment.settings.partitions):
            deployment.producer.send(EXPERIMENT_DEFINITIONS, value, key, partition=number).get(30)


def wrong_results(deployment: Deployment, truth: Results) -> list[str]:
    """Whatever a result says that is not so."""
    expected = {name: _expected(name, arms) for name, arms in truth.items()}
    found = {name: _found(result) for name, result in latest_in(deployment, EXPERIMENT_RESULTS).items()}
    return [
        f"experiment-results: {name} is {found.get(name)}, expected {expected.get(name)}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def _expected(name: str, arms: Mapping[str, Arm]) -> dict[str, Any]:
    shown = {
        variant: (arm["n"], {metric: sums["raw"] for metric, sums in arm["metrics"].items() if metric not in _TOO_OLD})
        for variant, arm in arms.items()
    }
    if name in CHANGED:  # all variants that a definition names are shown, also those that nobody is in
        nothing = dict.fromkeys({metric for _, sums in shown.values() for metric in sums}, 0)
        shown = dict.fromkeys(VARIANTS, (0, nothing)) | shown
    window = CHANGED.get(name, {}).get("window_ms", 7 * DAY_MS) // 1000
    return {"variants": shown, "contaminated": sum(arm["contaminated"] for arm in arms.values()), "window": window}


def _found(result: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        variant: (
            arm["assigned"],
            {metric: sums["sum"] for metric, sums in arm["metrics"].items() if metric not in _TOO_OLD},
        )
        for variant, arm in result["variants"].items()
    }
    return {"variants": shown, "contaminated": result["contaminated"], "window": result["window_s"]}
