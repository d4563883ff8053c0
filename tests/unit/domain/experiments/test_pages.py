"""A result as people read it: rows, units, warnings, and sentences that older versions have stored."""

from collections.abc import Callable

import pytest

from events.experiment_results import ContactedEffect, ExperimentResult
from streams.cli.experiments import print_page
from streams.domain.experiments import analysis_plan, result_documents
from streams.domain.experiments import row_table as module
from streams.domain.experiments.partials import NO_CELL, PartialCounts
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import interval_verdict
from streams.domain.experiments.report.pages import page, summary_line
from streams.domain.experiments.report.stored_sentences import stored_message
from streams.domain.experiments.report.summary import summary_of, warning_messages, warnings_of
from streams.domain.experiments.row_layout import row_of
from streams.domain.experiments.row_table import RowTable
from streams.domain.experiments.totals import MOST_ARMS, ExperimentTotals, VariantTotals
from streams.domain.messages import CodedMessage, Listed, Share, english, message
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
        ({"effect": 0.0003, "low": 0.00002, "breached": True}, "deadline  unsubscribed  +0.03 pp  +0.002 pp  BREACHED"),
    ],
)
def test_a_guardrail_says_no_more_than_is_known_of_it(
    changed: dict[str, float | bool], row: str, printed: Printed
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


# What rows do with what is not theirs, and where there is no room.
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


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0412, "4.12 %"),
        ("opened", 245.3, "24.53 %"),
        ("net_amount", 120550.4, "$1,205.50"),
        ("net_amount", -310.0, "-$3.10"),
        ("donated", None, "-"),
    ],
)
def test_a_mean_is_in_per_cent_or_money(metric: str, value: float | None, text: str) -> None:
    assert units.mean(metric, value, "USD") == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0107, "+1.07 pp"),
        ("opened", -12.0, "-1.20 pp"),
        ("net_amount", 70.4, "+$0.70"),
        ("net_amount", -0.4, "$0.00"),
        ("voted", 0.0, "0.00 pp"),
    ],
)
def test_an_effect_has_its_sign_and_nought_has_none(metric: str, value: float, text: str) -> None:
    assert units.effect(metric, value, "USD") == text


def test_an_interval_has_both_ends() -> None:
    assert units.interval("donated", -0.0071, 0.0193, "USD") == "-0.71 to +1.93"
    assert units.interval("net_amount", -48.0, 57.5, "USD") == "-$0.48 to +$0.57"


def test_a_total_is_of_people_acts_or_money() -> None:
    found = [units.total(metric, 1_923_400, "USD") for metric in ("donated", "opened", "net_amount")]
    assert found == ["1,923,400", "1,923.4", "$19,234.00"]


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("donated", 0.001, 0.02, "better"),
        ("donated", -0.02, -0.001, "worse"),
        ("donated", -0.001, 0.02, "not yet known"),
        ("donated", 0.0, 0.02, "not yet known"),
        ("unsubscribed", 0.001, 0.02, "worse"),
        ("complained", -0.02, -0.001, "better"),
    ],
)
def test_a_word_is_about_all_of_the_interval(metric: str, low: float, high: float, word: str) -> None:
    assert interval_verdict(metric, low, high) == word


# What is to be known first, worst first.
def first_words(found: list[str]) -> list[str]:
    return [warning.partition(":")[0] for warning in found]


def test_a_sound_result_has_none() -> None:
    assert warnings_of(CONTRACTS) == []


def test_all_that_is_wrong_is_said_worst_first() -> None:
    assert first_words(warnings_of(doors())) == [
        *("BROKEN SPLIT", "RECOUNTING", "CONTAMINATION", "NO COMPARISON", "PROVISIONAL")
    ]


def test_a_guardrail_that_is_breached_is_a_warning_and_one_that_holds_is_not() -> None:
    found = warnings_of(gotv())

    assert first_words(found) == ["GUARDRAIL BREACHED"]
    assert "from a neighbour has more people who unsubscribed or opted out than control" in found[0]


def test_a_few_who_were_in_two_variants_are_no_warning() -> None:
    assert first_words(warnings_of(gotv(contaminated=240, guardrails=[]))) == []
    assert first_words(warnings_of(gotv(contaminated=241, guardrails=[]))) == ["CONTAMINATION"]


def test_what_is_withheld_for_one_reason_is_one_warning() -> None:
    withheld = [
        {"metric": metric, "variant": "B", "why": "too few"} for metric in ("opened", "donated", "voted", "replied")
    ]

    assert warnings_of(gotv(withheld=withheld, guardrails=[])) == [
        "NO COMPARISON: opened of B, donated of B, voted of B and 1 more: too few"
    ]


# Sentences that results hold as text are read back to the codes that they were written from.
UNDEFINED = "nobody has defined the experiment, so no parts are planned"
OWN = (
    "UNPLANNED VARIANT: A (3 people), b, c (1,234 people): not in the definition, so not in the check of the split",
    (
        f"SPLIT NOT CHECKED: {UNDEFINED}. People are in A 49.98 %, b 0.05 %: if that is not as you meant it, trust no "
        "difference. Say what is planned with `harmonia experiments define`, and everybody so far is checked as well"
    ),
    (
        "SPLIT NOT CHECKED: some strata have a split of their own, so there is none for all. People are in A 49.98 %, "
        "B 49.98 % and 3 more: if that is not as you meant it, trust no difference"
    ),
    "NOT A GUARDRAIL: opened, donated: only unsubscribed, complained can be watched",
    "A sentence that only another version knows.",
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (result_documents.TOO_FEW, "experiment.too_few_people"),
        (result_documents.TOO_FEW_GROUPS, "experiment.too_few_groups"),
        (result_documents.TOO_RARE, "experiment.too_rare"),
        (result_documents.FORGOTTEN, "experiment.forgotten"),
        (analysis_plan.UNDEFINED, "experiment.nobody_defined"),
        (analysis_plan.DIFFERS, "experiment.strata_differ"),
        ("fewer than 7 people in one of the two", "experiment.too_few_people"),
        ("what another version writes", "text"),
    ],
)
def test_a_reason_is_read_back_whatever_its_figures(text: str, code: str) -> None:
    found = stored_message(text)
    assert (found.code, english(found)) == (code, text)


@pytest.mark.parametrize("text", OWN)
def test_a_warning_that_is_read_back_says_the_same_to_the_letter(text: str) -> None:
    assert english(stored_message(text)) == text


def test_parts_variants_and_names_are_read_back_as_values() -> None:
    strange, split, *_ = (stored_message(text) for text in OWN)
    people = [("A", 3), ("b, c", 1_234)]

    assert strange.fields["variants"] == Listed(
        tuple(message("experiment.variant_with_people", variant=name, people=count) for name, count in people)
    )
    parts = split.fields["parts"]
    assert isinstance(parts, Listed)
    first = parts.items[0]
    assert isinstance(first, CodedMessage)
    assert first.fields["share"] == Share(49.98, 100, 2)
    assert split.fields["why"] == message("experiment.nobody_defined")


def test_warnings_as_sentences_are_those_as_messages() -> None:
    for result in (gotv(), doors(), gotv(warnings=list(OWN))):
        assert [english(each) for each in warning_messages(result)] == warnings_of(result)
