"""A result as it is read at a terminal: what comes first, in which units, and that all of it has room."""

from collections.abc import Callable

import pytest

from events.experiment_results import ContactedEffect, ExperimentResult
from streams.cli.experiments import print_page
from streams.domain.experiments.report.pages import page, summary_line
from streams.domain.experiments.report.summary import summary_of
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, guardrail

Printed = Callable[[ExperimentResult], list[str]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """The lines of a result on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def lines(result: ExperimentResult) -> list[str]:
        print_page(page(result))
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_a_strategist_reads_the_warning_the_money_and_who_is_better(printed: Printed) -> None:
    lines = printed(gotv())

    assert lines[0].startswith("! GUARDRAIL BREACHED: from a neighbour")
    assert "donations, net in all   $41,958.50" in lines
    place = lines.index("donated: gave (primary)")
    assert lines[place : place + 7] == [
        "donated: gave (primary)",
        "variant           in all    rate  effect (95 %)              so far",
        "control              305  3.81 %  baseline",
        "deadline             391  4.90 %  +1.07 pp (+0.21 to +1.93)  better *",
        "  provisional                     +1.11 pp (+0.38 to +1.84)  better",
        "from a neighbour     318  3.97 %  +0.13 pp (-0.71 to +0.97)  not yet known",
        "  provisional                     +0.16 pp (-0.52 to +0.84)  not yet known",
    ]
    assert "deadline          $17,612.25     $2.21  +$0.70 (+$0.09 to +$1.31)  better" in lines
    assert "from a neighbour  2,566.4  32.00 %  +8.01 pp (+6.14 to +9.88)  better" in lines
    assert "from a neighbour  unsubscribed  +0.39 pp  +0.14 pp  BREACHED" in lines


@pytest.mark.parametrize(
    ("changed", "row"),
    [
        ({"effect": 0.0, "low": -1.0}, "deadline  unsubscribed  0.00 pp         -  not known yet"),
        ({"known": False}, "deadline  unsubscribed  +0.03 pp         -  not known yet"),
        ({"known": True}, "deadline  unsubscribed  +0.03 pp  -0.16 pp  holds"),
        (
            {"effect": 0.0003, "low": 0.00002, "breached": True},
            "deadline  unsubscribed  +0.03 pp  +0.002 pp  BREACHED",
        ),
    ],
)
def test_a_guardrail_says_no_more_than_is_known_of_it(
    changed: dict[str, float | bool],
    row: str,
    printed: Printed,
) -> None:
    found = {**guardrail("deadline", 0.0003, -0.0016, breached=False), **changed}

    assert row in printed(gotv(guardrails=[found]))


@pytest.mark.parametrize("result", [gotv(), doors(), CONTRACTS], ids=lambda result: result["experiment"])
def test_it_has_room_at_80_columns(result: ExperimentResult, printed: Printed) -> None:
    assert max(map(len, printed(result))) <= 80


def test_of_a_broken_split_nothing_is_said_to_be_better(printed: Printed) -> None:
    broken = gotv(sample_ratio={"p_always_valid": 0.0001, "broken": True})
    lines = printed(broken)

    assert lines[0].startswith("! BROKEN SPLIT: control 33.37 %, deadline 33.24 %, from a neighbour 33.40 %")
    assert not any(line.endswith(("better", "better *", "worse")) for line in lines)
    assert "deadline             391  4.90 %  +1.07 pp (+0.21 to +1.93)  do not trust" in lines


def test_what_is_withheld_points_to_the_word_why(printed: Printed) -> None:
    lines = printed(doors())

    assert "! NO COMPARISON: net_amount of knock: fewer than 40 households in a variant" in lines
    assert "knock      0.00      0.00  no comparison: see above" in lines
    assert "knock    voted    28.5 %     0.0 %  +10.40 pp (-1.40 to +22.20)  do not trust" in lines


def test_what_a_terminal_would_obey_is_not_printed(printed: Printed) -> None:
    lines = printed(gotv(experiment="x\x1b[2J", warnings=["\x07"]))

    assert not any("\x1b" in line or "\x07" in line for line in lines)


def test_a_line_of_the_list_says_how_the_variants_do() -> None:
    head, told = summary_line(summary_of(gotv()))

    assert head == ("gotv-subject-lines", "running", "24,013 people", "1 warning", "2026-02-11 17:30 UTC")
    assert told == (
        "guardrail BREACHED, stop sending from a neighbour: donated against control: deadline +1.07 pp, better, "
        "holds beside all other experiments (a discovery); from a neighbour +0.13 pp, not yet known"
    )
    assert summary_line(summary_of(gotv(variants={"A": {"assigned": 1, "metrics": {}}})))[0][2] == "1 person"


def test_a_line_says_why_nothing_is_compared_by_the_primary_metric() -> None:
    withheld = [{"metric": metric, "variant": "deadline", "why": why} for metric, why in WHYS.items()]
    summary = summary_of(gotv(comparisons=[], guardrails=[], withheld=withheld))

    assert summary_line(summary)[1] == "no comparison: not known any more: opens and clicks are kept for 400 days"
    assert summary_line({**summary, "headlines": summary_of(gotv())["headlines"]})[1].startswith(
        "donated against control"
    )


WHYS = {"clicked": "fewer than 20", "donated": "not known any more: opens and clicks are kept for 400 days"}


def test_of_whom_nothing_bounds_the_effect_no_figure_is_shown() -> None:
    """It may be above 100 %: so few more were reached that it is divided by next to nothing."""
    [known] = [each for each in doors().get("contacted", []) if each["metric"] == "voted"][:1]
    unbounded: ContactedEffect = {**known, "effect": 1.0342, "low": None, "high": None}
    [part] = [each for each in page({**doors(), "contacted": [unbounded]}).parts if "reached" in each.title]
    assert [row[4] for row in part.rows] == ["-"]
