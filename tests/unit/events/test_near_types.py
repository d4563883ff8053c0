"""An unknown type leads to the known types that may be meant."""

import pytest

from events.near_types import MOST_NAMED, near_types, unknown_type
from events.registry import BY_NAME


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


def test_the_refusal_of_an_unknown_type_names_the_page_and_does_not_repeat_the_type() -> None:
    assert unknown_type("ada@example.org") == (
        "type: not a type of version 1 of the contract; docs/events.md lists all"
    )
