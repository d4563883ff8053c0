"""What counts as the effect of a decision, in what Redis holds of the people that it is about."""

from typing import Any

import orjson
import pytest

from sinks.lookup import ContactAnswer, ErasedContact, KnownContact, UnknownContact
from streams.services.contact_decisions.effects import (
    are_forgotten,
    are_one,
    are_two,
    closed_besides,
    is_suppressed,
    outlasts,
    suppression_of,
    suppression_words,
)

NOON = 1_330_603_200_000
UNTIL = "2012-03-01T12:00:00.000Z"


def found(contact_id: str, **profile: Any) -> ContactAnswer:
    return KnownContact(
        contact_id, orjson.dumps({"counts": {"email.sent": 1}, "merged_from": [], "stops": {}, **profile})
    )


def stopped(reason: str, id_: str = "1", **more: str) -> ContactAnswer:
    stop = {"reason": reason, "at": "2012-02-01T00:00:00.000Z", "source": "office/desk", "id": id_, **more}
    return found("a", stops={"all": stop, "lists": {}, "senders": {}})


def test_two_are_one_once_the_profile_has_what_was_known_of_both() -> None:
    before = [found("a"), found("b")]
    assert not are_one(before, before)
    assert not are_one(before, [found("a"), found("a")])
    assert are_one(before, [found("a", merged_from=["b"])] * 2)
    assert are_one([found("a"), UnknownContact("b")], [found("a")] * 2)
    assert are_two(before)
    assert not are_two([found("a"), found("a")])


def test_a_person_is_suppressed_by_this_command_or_by_what_no_command_lifts() -> None:
    assert is_suppressed(stopped("suppressed"), "office/desk", "1")
    assert not is_suppressed(stopped("suppressed", "2"), "office/desk", "1")
    assert is_suppressed(stopped("deceased", "2"), "office/desk", "1")
    assert is_suppressed(ErasedContact("a"), "office/desk", "1")
    assert not is_suppressed(found("a"), "office/desk", "1")
    assert not is_suppressed(UnknownContact("a"), "office/desk", "1")


def test_a_suppression_holds_until_its_end() -> None:
    assert suppression_of(stopped("suppressed"), NOON) is not None
    assert suppression_of(stopped("suppressed", until=UNTIL), NOON - 1) is not None
    assert suppression_of(stopped("suppressed", until=UNTIL), NOON) is None
    assert suppression_of(stopped("deceased"), NOON) is None
    assert suppression_of(found("a"), NOON) is None


@pytest.mark.parametrize(
    ("end", "new", "longer"),
    [
        (None, None, False),
        (None, NOON, True),
        (UNTIL, None, False),
        (UNTIL, NOON, False),
        (UNTIL, NOON - 1, True),
        (UNTIL, NOON + 1, False),
    ],
)
def test_a_suppression_outlasts_one_that_ends_before_it(end: str | None, new: int | None, longer: bool) -> None:
    stop = {} if end is None else {"until": end}
    assert outlasts(stop, new) == longer


def test_people_are_forgotten_once_every_name_of_theirs_says_so() -> None:
    assert are_forgotten([ErasedContact("a"), ErasedContact("b")])
    assert not are_forgotten([ErasedContact("a"), UnknownContact("b")])
    assert not are_forgotten([ErasedContact("a"), found("b")])


def test_what_stays_closed_is_named_with_its_reason() -> None:
    stop = {"reason": "opted_out", "at": UNTIL, "source": "s", "id": "1"}
    stops = {"text": stop, "all": {**stop, "reason": "suppressed"}, "lists": {"news": stop}, "senders": {"+1": stop}}
    person = found("a", stops=stops, addresses=[{"channel": "email", "status": "hard_bounced", "ref": "x"}])
    assert closed_besides(person) == [
        f"text (opted_out {UNTIL})",
        f"list news (opted_out {UNTIL})",
        f"sender +1 (opted_out {UNTIL})",
        "an address for email (hard_bounced)",
    ]
    odd = found("a", stops={"lists": {"jane@example.org": stop, "x\x1b[2J": stop}, "senders": {"+1\x07": stop}})
    assert closed_besides(odd) == [*[f"list * (opted_out {UNTIL})"] * 2, f"sender +1? (opted_out {UNTIL})"]
    assert suppression_words({**stop, "source": "jane@example.org"}) == (f"the suppression of {UNTIL} by *", "for ever")
    assert closed_besides(ErasedContact("a")) == ["everything (erased)"]
