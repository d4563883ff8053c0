"""What an experiment's page says."""

from collections.abc import Callable
from typing import Any

import pytest

from events.experiment_results import ContactedEffect, ExperimentResult
from events.experiments import ExperimentDefinition
from streams.cli.experiments import print_page
from streams.domain.experiments import analysis_plan, result_documents
from streams.domain.experiments.definition_files import exclusion_clashes
from streams.domain.experiments.report.pages import page, summary_line
from streams.domain.experiments.report.stored_sentences import stored_message
from streams.domain.experiments.report.summary import summary_of, warning_messages, warnings_of
from streams.domain.messages import CodedMessage, Listed, Share, english, message
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv, guardrail
from tests.unit.domain.experiments.writing import defined

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


def first_words(found: list[str]) -> list[str]:
    return [warning.partition(":")[0] for warning in found]


def test_a_sound_result_has_none() -> None:
    assert warnings_of(CONTRACTS) == []


def test_all_that_is_wrong_is_said_worst_first() -> None:
    assert first_words(warnings_of(doors())) == [
        *("BROKEN SPLIT", "RECOUNTING", "CONTAMINATION", "NO COMPARISON", "PROVISIONAL"),
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


def owning(id_: str, from_: float, to: float, group: str = "g", **fields: Any) -> ExperimentDefinition:
    return defined(id_, exclusion={"group": group, "from": from_, "to": to}, **fields)


def told(*definitions: ExperimentDefinition, changed: tuple[str, ...] = ("a",)) -> list[str]:
    return [str(clash) for clash in exclusion_clashes({each.id: each for each in definitions}, changed)]


def test_two_that_own_the_same_are_named_with_what_both_own() -> None:
    assert told(owning("a", 0, 0.5), owning("b", 0.25, 1)) == [
        "a and b: exclusion group g: both own 0.25 to 0.5; change a from or to, or let one end before the other starts"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (owning("a", 0, 0.5), owning("b", 0.5, 1)),
        (owning("a", 0, 0.5), owning("b", 0, 0.5, "another")),
        (owning("a", 0, 0.5), defined("b")),
        (owning("a", 0, 1, end="2026-03-01T00:00:00Z"), owning("b", 0, 1, start="2026-03-01T00:00:00Z")),
        (
            owning("a", 0, 1),
            owning("b", 0, 1, phase="rollout", rollout_variant="long", rollout_since="2026-03-01T00:00:00Z"),
        ),
    ],
)
def test_those_that_cannot_meet_in_one_person_are_let_be(
    one: ExperimentDefinition, other: ExperimentDefinition
) -> None:
    assert told(one, other) == []


def test_times_that_overlap_do_not_help() -> None:
    late = owning("b", 0, 1, start="2026-03-01T00:00:00Z")
    assert len(told(owning("a", 0, 1, end="2026-03-01T00:00:00.001Z"), late)) == 1
    assert len(told(owning("a", 0, 1, start="2027-01-01T00:00:00Z"), late)) == 1


def test_those_that_assign_other_units_may_meet_whatever_they_own() -> None:
    [line] = told(owning("a", 0, 0.5), owning("b", 0.5, 1, unit="turf"))
    assert "one assigns by contact, the other by turf" in line


def test_only_what_changed_is_looked_at() -> None:
    assert told(owning("a", 0, 1), owning("b", 0, 1), changed=("c",)) == []
    assert len(told(owning("a", 0, 1), owning("b", 0, 1), owning("c", 0, 1), changed=("a",))) == 2
