import json
from pathlib import Path

import pytest

from benchmarks.results import Figure, Goal, Section, write_results


def test_a_figure_is_the_middle_of_its_runs() -> None:
    assert Figure("ours", "CPU per event", "µs", (9.0, 7.0, 100.0)).median == 9.0


def test_a_figure_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a value"):
        Figure("ours", "CPU per event", "µs", ())


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (Goal("at most", 3), True),
        (Goal("at most", 2.9), False),
        (Goal("at least", 3), True),
        (Goal("at least", 4), False),
    ],
)
def test_a_goal_is_a_bound_of_the_median(goal: Goal, reached: bool) -> None:
    assert Figure("ours", "ratio", "×", (1.0, 3.0, 50.0), goal).reached is reached


def test_the_file_holds_every_run_and_the_machine(tmp_path: Path) -> None:
    figure = Figure("ours", "CPU per event", "µs", (8.0, 7.0, 9.5), Goal("at most", 10))
    write_results([Section("Speed", (figure,), ("beside a broker",))], tmp_path / "deep" / "bench.json")
    kept = json.loads((tmp_path / "deep" / "bench.json").read_bytes())
    assert kept["machine"]["cores"] > 0
    assert kept["machine"]["libraries"]["faust-streaming"]
    assert kept["sections"] == [
        {
            "title": "Speed",
            "notes": ["beside a broker"],
            "figures": [
                {
                    "subject": "ours",
                    "name": "CPU per event",
                    "unit": "µs",
                    "values": [8.0, 7.0, 9.5],
                    "goal": {"bound": "at most", "value": 10},
                    "median": 8.0,
                    "min": 7.0,
                    "max": 9.5,
                    "reached": True,
                }
            ],
        }
    ]
