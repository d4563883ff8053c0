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
