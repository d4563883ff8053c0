"""Definitions as they are read at a terminal: no word and no time is broken, and nothing is said that is as usual."""

import pytest

from streams.cli.output import print_lines
from streams.domain.experiments.report.definition_lines import definition_lines
from tests.unit.domain.experiments.writing import defined

DOORS = defined(
    "door-order",
    unit="household",
    variants={"walk": 1, "call": 2},
    strata={"column": "state", "splits": {"NY": {"walk": 1}}},
    owner="the field team of northern Ohio",
    start="2026-09-01T00:00:00.000-04:00",
    end="2026-11-03T00:00:00.000Z",
)


def test_of_the_usual_only_what_has_to_be_said_is() -> None:
    assert list(definition_lines(defined("ask", holdout=0.1))) == [
        "ask",
        "    short 45.0%, long 45.0%, holdout 10.0%",
        "    judged by donated within 7d",
    ]


def test_a_rollout_says_of_what_and_since_when() -> None:
    rolled = defined("ask", phase="rollout", rollout_variant="long", rollout_since="2026-09-01T00:00:00.000Z")
    assert list(definition_lines(rolled))[2] == "    judged by donated within 7d; rollout of long since 2026-09-01 UTC"


def test_no_word_and_no_time_is_broken_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_lines(definition_lines(DOORS))
    assert capsys.readouterr().out.splitlines() == [
        "door-order",
        "    walk, call: by state",
        "    judged by donated within 7d; by household; from 2026-09-01 04:00 until",
        "        2026-11-03 UTC; owner the field team of northern Ohio",
    ]
