"""What the page of an experiment shows, made of a result: verdicts, rows, guardrails, in the reader's language."""

from typing import Any

import pytest

from streams.domain.experiments.report.verdicts import primary_verdicts
from streams.domain.messages import english
from streams.services.console.experiment_views import (
    contacted_rows,
    facts,
    guardrail_rows,
    metric_view,
    over_time,
    people_rows,
    small_variants,
)
from streams.services.console.words import UNKNOWN, Words
from tests.unit.domain.experiments.example import CONTRACTS, comparison, doors, gotv, guardrail, watched

EN, FR = Words("en", "America/New_York"), Words("fr", "America/New_York")


def by_the_wall(at: int | None) -> int | None:
    return at


TOO_FEW = "fewer than 100 people in one of the two"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"comparisons": [comparison("donated", "deadline", -0.1, -0.01, provisional=True)]},
            "deadline does worse than control: -5.50 pp (between -10.00 pp and -1.00 pp). This counts everybody so",
        ),
        ({"comparisons": []}, "There is nothing to compare deadline with control by yet."),
        (
            {"primary": "unsubscribed", "comparisons": [comparison("unsubscribed", "deadline", 0.001, 0.003)]},
            "deadline does worse than control: +0.20 pp (between +0.10 pp and +0.30 pp).",
        ),
        (
            {"comparisons": [], "withheld": [{"metric": "donated", "variant": "deadline", "why": TOO_FEW}]},
            f"deadline is not compared with control: {TOO_FEW}.",
        ),
    ],
    ids=["so far", "nothing yet", "harm", "withheld"],
)
def test_a_verdict_says_no_more_than_is_known(changed: dict[str, Any], told: str) -> None:
    """The pages of tests/contract have what is better, what is not yet known, and a split that is broken."""
    assert english(primary_verdicts(gotv(guardrails=[], **changed))[0]).startswith(told)


def test_rows_of_a_metric_have_the_baseline_first_and_the_provisional_below_without_figures() -> None:
    rows = metric_view(gotv(), "donated", EN).rows

    assert [(row.variant, row.total, row.verdict, row.is_provisional, bool(row.chart)) for row in rows] == [
        ("control", "305", "compared with", False, False),
        ("deadline", "391", "better", False, True),
        ("deadline", "", "better", True, True),
        ("from a neighbour", "318", "not yet known", False, True),
        ("from a neighbour", "", "not yet known", True, True),
    ]


def test_a_guarded_metric_without_comparison_leads_to_the_guardrails_and_a_withheld_one_says_why() -> None:
    guarded = metric_view(gotv(), "unsubscribed", EN).rows
    withheld = metric_view(doors(), "net_amount", EN).rows

    assert [row.verdict for row in guarded] == ["compared with", "see guardrails", "see guardrails"]
    assert [row.verdict for row in withheld] == ["compared with", "fewer than 40 households in a variant"]


def test_the_ends_of_the_axis_are_written_in_the_metrics_units() -> None:
    assert metric_view(gotv(), "donated", EN).reach == ("-1.93 pp", "+1.93 pp")
    assert metric_view(gotv(), "opened", EN).reach == ("-9.88 pp", "+9.88 pp")
    assert metric_view(gotv(), "net_amount", EN).reach == ("-$1.31", "+$1.31")
    assert metric_view(gotv(comparisons=[]), "donated", EN).reach is None


def test_french_figures_of_a_result() -> None:
    row = metric_view(gotv(), "net_amount", FR).rows[1]
    assert (row.total, row.mean, row.verdict) == ("17\u202f612,25\u00a0$US", "2,21\u00a0$US", "mieux")
    assert dict(facts(gotv(), FR, by_the_wall))["État"] == "en cours"


@pytest.mark.parametrize(
    ("changed", "least", "verdict"),
    [
        ({"effect": 0.0, "low": -1.0}, UNKNOWN, "not known yet"),
        ({"known": False}, UNKNOWN, "not known yet"),
        ({"known": True}, "-0.16 pp", "holds"),
        ({"breached": True, "low": 0.0014}, "+0.14 pp", "BREACHED"),
        ({"breached": True, "low": 0.00002}, "+0.002 pp", "BREACHED"),
        ({"breached": True, "low": 0.0014, "alerted": True}, "+0.14 pp", "BREACHED, alert"),
    ],
)
def test_a_guardrail_says_no_more_than_is_known_of_it(changed: dict[str, Any], least: str, verdict: str) -> None:
    found = {**guardrail("deadline", 0.0003, -0.0016, breached=False), **changed}
    [row] = guardrail_rows(gotv(guardrails=[found]), EN)
    assert (row["least"], row["verdict"]) == (least, verdict)


def test_an_effect_on_those_reached_that_nothing_bounds_is_a_dash() -> None:
    [known] = contacted_rows(doors(sample_ratio={"p_always_valid": 1.0, "broken": False}), EN)
    unbounded = {**doors().get("contacted", [])[0], "low": None, "high": None, "effect": 1.03}
    [open_] = contacted_rows(doors(sample_ratio={"p_always_valid": 1.0, "broken": False}, contacted=[unbounded]), EN)
    assert (known["reached"], known["effect"]) == ("28.5%", "+10.40 pp (-1.40 pp to +22.20 pp)")
    assert (open_["effect"], open_["verdict"]) == (UNKNOWN, "not yet known")


def test_a_planned_variant_without_people_is_shown_with_nought_people() -> None:
    ratio = {"p_always_valid": 0.5, "broken": False, "planned": {"nothing": 0.5, "knock": 0.25, "call": 0.25}}
    rows = list(people_rows(doors(sample_ratio=ratio), EN))
    assert (rows[-1]["variant"], rows[-1]["people"], rows[-1]["planned"]) == ("call", "0", "25.00%")
    assert next(iter(people_rows(CONTRACTS, EN)))["planned"] == UNKNOWN


def test_a_history_of_one_look_is_not_drawn() -> None:
    assert list(over_time(gotv(), EN, by_the_wall)) == []
    drawn = list(over_time(watched(gotv()), EN, by_the_wall))
    assert [each.variant for each in drawn] == ["deadline", "from a neighbour"]
    assert drawn[0].last == "Wed, Feb 11, 2026 12:30 EST"


def test_a_variant_of_nobody_or_of_ten_hides_nothing_and_one_of_nine_does() -> None:
    for people, hidden in ((0, []), (9, ["deadline"]), (10, [])):
        found = gotv()
        found["variants"]["deadline"]["assigned"] = people
        assert small_variants(found) == hidden
