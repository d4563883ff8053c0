"""What is to be known first, worst first."""

from streams.domain.experiments.report.summary import warnings_of
from tests.unit.domain.experiments.example import CONTRACTS, doors, gotv


def first_words(found: list[str]) -> list[str]:
    return [warning.partition(":")[0] for warning in found]


def test_a_sound_result_has_none() -> None:
    assert warnings_of(CONTRACTS) == []


def test_all_that_is_wrong_is_said_worst_first() -> None:
    assert first_words(warnings_of(doors())) == [
        *("BROKEN SPLIT", "RECOUNTING", "CONTAMINATION", "NO COMPARISON", "PROVISIONAL"),
    ]


def test_a_broken_split_is_said_with_what_was_planned_and_what_is() -> None:
    ratio = {"p_always_valid": 0.0, "broken": True, "planned": {"nothing": 0.25, "knock": 0.25, "call": 0.5}}

    assert (
        "nothing 46.35 % (planned 25.00 %), knock 53.65 % (planned 25.00 %), call 0.00 % (planned 50.00 %)"
        in (warnings_of(doors(sample_ratio=ratio))[0])
    )


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


def test_the_results_own_sentences_come_last() -> None:
    assert warnings_of(gotv(warnings=["The seed was used before."]))[-1] == "The seed was used before."
