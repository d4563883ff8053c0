"""A decision is told with how long it holds, why, and what the profile says of the interactions behind it."""

import pytest

from events.outputs import ContactProfile
from sinks.lookup import Incomplete
from streams.domain.messages import english
from streams.domain.pressure import Decision
from streams.domain.pressure.asking import Evidence
from streams.services.permission.decision_messages import (
    MOST_EVIDENCE,
    decision_message,
    evidence_messages,
    incomplete_message,
)
from tests.unit.domain.pressure.people import ms, person, touch

AT = 1_352_167_200_000
"""2012-11-06T02:00Z."""


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (Decision("allow", "ok", (), AT, AT), "yes, until 2012-11-06 02:00 UTC: nothing speaks against it"),
        (
            Decision("defer", "hours", (), AT),
            "not before 2012-11-06 02:00 UTC: it is too early or too late where this person is",
        ),
        (Decision("defer", "soft_bouncing"), "not yet: the address refuses messages for now"),
        (Decision("deny", "opted_out"), "no: this person has answered STOP"),
        (Decision("deny", "held", earliest_at=AT), "no, until 2012-11-06 02:00 UTC: the campaign is on hold"),
    ],
)
def test_a_decision_is_told_with_how_long_it_holds_and_why(decision: Decision, text: str) -> None:
    assert english(decision_message(decision)) == text


def stopped() -> ContactProfile:
    stop = {"reason": "opted_out", "at": "2012-11-03T18:00:00.000Z", "source": "digital/texts", "id": "t1"}
    known = person(touches=[touch(ms("2012-11-05T12:30:00Z"), id_="m1")])
    return {**known, "stops": {**known["stops"], "text": stop}}  # type: ignore[typeddict-item]


def test_evidence_is_told_with_what_the_profile_keeps_of_it_and_without_it_by_source_and_id() -> None:
    evidence = (Evidence("digital/texts", "t1"), Evidence("digital/mailer", "m1"), Evidence("field/doors", "d9"))
    decision = Decision("deny", "opted_out", evidence)

    assert [english(each) for each in evidence_messages(decision, stopped())] == [
        "this person has answered STOP, 2012-11-03 18:00 UTC (digital/texts t1)",
        "email by digital, 2012-11-05 12:30 UTC (digital/mailer m1)",
        "field/doors d9",
    ]
    assert english(evidence_messages(decision, None)[0]) == "digital/texts t1"


def test_to_somebody_of_one_team_a_touch_of_another_is_told_by_channel_and_day_alone() -> None:
    """By the day of the reader's clocks. What the profile does not keep may be a touch too."""
    late, own = touch(ms("2012-11-06T02:30:00Z"), id_="m1"), touch(AT, team="field", id_="m2")
    named = [("digital/mailer", "m1"), ("field/mailer", "m2"), ("digital/dialer", "c1"), ("field/doors", "d9")]
    decision = Decision("defer", "cap", tuple(Evidence(*each) for each in named))

    told = evidence_messages(decision, person(touches=[late, own]), "America/New_York", {"field"}.__contains__)
    texts = [english(each) for each in told]
    assert (texts[0], texts[2:]) == (
        "email by another team, Monday, 5 November 2012",
        ["an interaction of another team", "field/doors d9"],
    )
    assert texts[1].startswith("email by field, ")


def test_of_dozens_of_touches_the_first_are_told() -> None:
    decision = Decision("defer", "cap", tuple(Evidence("digital/mailer", f"m{number}") for number in range(30)))
    assert len(evidence_messages(decision, None)) == MOST_EVIDENCE


@pytest.mark.parametrize("why", ["missing", "refilling", "too_old", "other_key", "other_regime"])
def test_what_redis_lacks_is_told_with_its_place(why: str) -> None:
    found = incomplete_message(Incomplete(why, "contact-state:3"))  # type: ignore[arg-type]
    assert english(found) == f"in Redis contact-state:3 is {why.replace('_', ' ')}"
