"""Which known name an unknown one may be meant for, and which are other names and no misspellings."""

from itertools import permutations

import pytest

from events.near_types import MOST_NAMED, near_types
from events.registry import BY_NAME
from events.spelling import LONGEST, did_you_mean, nearest_name

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


def test_no_type_and_no_experiment_is_near_to_another_that_there_is() -> None:
    for name, other in permutations(EXPERIMENTS, 2):
        assert nearest_name(name, [other]) is None


def test_the_nearest_of_several_is_named_the_first_by_name_where_they_are_alike() -> None:
    assert nearest_name("digitl", ["digitally", "digital"]) == "digital"
    assert nearest_name("gotx", ["goty", "gotv"]) == "gotv"
    assert did_you_mean("digitl", ["digital"]) == "; did you mean digital?"
    assert did_you_mean("digitl", []) == did_you_mean("digitl", ["field"]) == ""


def test_a_name_that_is_too_long_is_not_compared() -> None:
    assert nearest_name("a" * LONGEST, ["a" * LONGEST]) == "a" * LONGEST
    assert nearest_name("a" * (LONGEST + 1), ["a" * (LONGEST + 1)]) is None


@pytest.mark.parametrize(
    ("type_", "near"),
    [
        ("form.sumbitted", ["form.submitted"]),
        ("petition.signed", ["form.submitted"]),
        ("volunteer.signup", ["form.submitted"]),
        ("meeting.attended", ["rsvp.attended"]),
        ("email.spam", ["email.complained"]),
        ("gift", ["donation.made", "donation.refunded"]),
        ("zzz", []),
        ("a.b", []),
        ("", []),
    ],
)
def test_types_that_share_words_with_an_unknown_one_are_named(type_: str, near: list[str]) -> None:
    assert near_types(type_) == near


def test_no_command_is_named_for_a_word_of_its_sentence_and_never_too_many_types() -> None:
    for word in ("contact", "forgotten", "erase", "email", "record", "reported", "time"):
        found = near_types(f"{word}.{word}")
        assert len(found) <= MOST_NAMED
        assert not any(BY_NAME[type_].is_command for type_ in found), word
