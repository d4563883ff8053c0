"""Which known name an unknown one may be meant for, and which are other names and no misspellings."""

from itertools import permutations

import pytest

from events.registry import MODELS
from events.spelling import LONGEST, did_you_mean, likeness, nearest_name

EXPERIMENTS = ("calls-evening", "subject-ask-2", "subject-gotv-3", "subject-welcome-1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("subject-gtov-3", "subject-gotv-3"),
        ("subject-aks-2", "subject-ask-2"),
        ("subjekt-gotv-3", "subject-gotv-3"),
        ("Subject-GOTV-3", "subject-gotv-3"),
        ("subject_gotv_3", "subject-gotv-3"),
        ("subject-welcom-1", "subject-welcome-1"),
        ("calls-evenings", "calls-evening"),
        ("subject-gotv", "subject-gotv-3"),
    ],
)
def test_a_misspelled_name_is_near_to_the_one_that_was_meant(name: str, meant: str) -> None:
    assert nearest_name(name, EXPERIMENTS) == meant


@pytest.mark.parametrize(
    "name",
    [
        "subject-ask-12",
        "subject-ask-3",
        "subject-gotv-4",
        "subject-",
        "calls-morning",
        "subject-letters-3",
        "x",
        "",
        "-",
    ],
)
def test_a_name_that_only_begins_or_ends_like_another_is_not_near(name: str) -> None:
    assert nearest_name(name, EXPERIMENTS) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("donation", "donation.made"),
        ("email.open", "email.opened"),
        ("form.submit", "form.submitted"),
        ("donation.mad", "donation.made"),
        ("canvas.reported", "canvass.reported"),
        ("text.optedout", "text.opted_out"),
        ("gift.given", None),
        ("sms.sent", None),
    ],
)
def test_types_are_told_apart_by_the_word_that_is_wrong(name: str, meant: str | None) -> None:
    assert nearest_name(name, MODELS) == meant


def test_no_type_and_no_experiment_is_near_to_another_that_there_is() -> None:
    for name, other in permutations(EXPERIMENTS, 2):
        assert nearest_name(name, [other]) is None


def test_the_nearest_of_several_is_named_the_first_by_name_where_they_are_alike() -> None:
    assert nearest_name("digitl", ["digitally", "digital"]) == "digital"
    assert nearest_name("gotx", ["goty", "gotv"]) == "gotv"
    assert did_you_mean("digitl", ["digital"]) == "; did you mean digital?"
    assert did_you_mean("digitl", []) == did_you_mean("digitl", ["field"]) == ""


def test_likeness_is_that_of_what_is_not_the_same_word() -> None:
    assert likeness("a-b-c", "A_B.c") == 1
    assert likeness("subject-ask-12", "subject-gotv-3") < 0.4
    assert likeness("x-abcd", "x-abce") == 0.75


def test_a_name_that_is_too_long_is_not_compared() -> None:
    assert nearest_name("a" * LONGEST, ["a" * LONGEST]) == "a" * LONGEST
    assert nearest_name("a" * (LONGEST + 1), ["a" * (LONGEST + 1)]) is None
