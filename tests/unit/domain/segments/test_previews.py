"""Previews of segments."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.registry import MODELS
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact
from streams.domain.pressure import Policy, default_policy
from streams.domain.segments.person import Person
from streams.domain.segments.preview_estimates import (
    FEWEST,
    MemberEstimate,
    PartitionCount,
    ToldEstimate,
    estimate,
    told_estimate,
)
from tests.unit.domain.contact.said import DAY, NOON
from tests.unit.domain.segments.said_of import plan, segment

SIZES = st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 500)), min_size=1, max_size=8)


def test_once_everybody_is_judged_the_count_is_certain() -> None:
    found = [PartitionCount(100, 100, 7), PartitionCount(90, 90, 0), PartitionCount(0, 0, 0)]
    assert estimate(found, 3) == MemberEstimate(7, 7, 7)


"""Of each partition how many contacts it has, and how many of these are judged at most."""


def test_of_nobody_there_is_nobody() -> None:
    assert estimate([PartitionCount(0, 0, 0)] * 4, 4) == MemberEstimate(0, 0, 0)


def test_without_an_answer_nothing_is_said() -> None:
    assert estimate([], 4) is None
    assert estimate([PartitionCount(0, 0, 0)], 4) is None
    assert estimate([PartitionCount(1000, 0, 0)], 1) is None


def test_the_interval_of_half_a_sample_is_the_one_of_the_textbook() -> None:
    found = estimate([PartitionCount(125_000, 500, 250)] * 8, 8)
    assert found is not None
    assert found.count == 500_000
    assert found.high - found.count == pytest.approx(1.96 * (0.25 / 4_000) ** 0.5 * 1_000_000, rel=0.01)


def test_partitions_that_have_answered_stand_for_those_that_have_not() -> None:
    everybody = [PartitionCount(1_000, 1_000, 100)] * 4
    half = estimate(everybody[:2], 4)
    assert estimate(everybody, 4) == MemberEstimate(400, 400, 400)
    assert half is not None
    assert half.low < 400 == half.count < half.high
    assert half.low >= 200


def test_large_partitions_weigh_more_than_small_ones() -> None:
    found = estimate([PartitionCount(9_000, 100, 0), PartitionCount(1_000, 100, 100)], 2)
    assert found is not None
    assert found.count == 1_000


def test_never_fewer_than_were_seen_nor_more_than_there_can_be() -> None:
    found = estimate([PartitionCount(10, 9, 9)], 1)
    assert found is not None
    assert 9 <= found.low <= found.count <= found.high <= 10


@given(SIZES, st.integers(0, 3), st.data())
def test_what_is_told_is_the_same_for_none_to_nine_judged_members_and_has_room_for_all_of_them(
    held: list[tuple[int, int]], silent: int, data: st.DataObject
) -> None:
    sizes = [(known, min(known, judged)) for known, judged in held]
    matched = [0] * len(sizes)
    for _ in range(data.draw(st.integers(0, FEWEST - 1))):
        number = data.draw(st.integers(0, len(sizes) - 1))
        matched[number] = min(sizes[number][1], matched[number] + 1)
    none, some = (
        [PartitionCount(*size, members) for size, members in zip(sizes, each, strict=True)]
        for each in ([0] * len(sizes), matched)
    )
    told, found = told_estimate(some, len(sizes) + silent), estimate(some, len(sizes) + silent)
    assert told == told_estimate(none, len(sizes) + silent)
    assert (told is None) == (found is None)
    if told is not None and found is not None:
        assert (told.count, told.low) == (None, 0)
        assert found.high <= told.high


@pytest.mark.parametrize(
    ("members", "told"),
    [(9, ToldEstimate(None, 0, 9)), (10, ToldEstimate(10, 10, 10)), (186, ToldEstimate(190, 180, 190))],
)
def test_what_is_told_of_everybody_is_in_tens(members: int, told: ToldEstimate) -> None:
    assert told_estimate([PartitionCount(500, 500, members), PartitionCount(0, 0, 0)], 2) == told


HASHER = Hasher([b"key"])
VAN: dict[str, Any] = {"external": {"van": "1"}}
PHONE, EMAIL = VAN | {"phone": "+1 212 555 0199"}, VAN | {"email": "ada@example.org"}


def heard(type_: str, id_: str, at: int, contact: dict[str, Any], **data: Any) -> tuple[str, Fact]:
    model = MODELS[type_].model_validate({"contact": contact, **data})
    name, value = harmonise(Interaction(id_, "team/a", type_, at, model), HASHER)
    fact = read_fact(value, max(at, NOON))
    assert isinstance(fact, Fact)
    return name, fact


def answers(life: Sequence[tuple[str, Fact]], condition: dict[str, Any], policy: Policy | None = None) -> list[bool]:
    """Whether the condition holds after each interaction, where only what it may have changed is read again."""
    of, state, readings, found = plan(segment(policy, all=[condition])), ContactState(), None, []
    for name, fact in life:
        before = state
        state, _ = fold(before, [fact])
        person = Person(name, overview(state))
        anew = of.read(person, state.clock)
        if readings is None:
            readings = anew
        else:
            stale = of.stale([fact], person.known, before, state)
            readings = of.read_again(readings, person, state.clock, stale)
        assert readings.answer == anew.answer
        found.append(bool(readings.answer))
    return found


def test_a_phone_whose_naming_was_retracted_is_known_when_it_is_named_again() -> None:
    life = [
        heard("rsvp.made", "0", NOON, VAN, event_id="e"),
        heard("rsvp.made", "1", NOON, PHONE, event_id="e"),
        heard("interaction.retracted", "2", NOON, VAN, retracts={"source": "team/a", "id": "1"}),
        heard("rsvp.made", "3", NOON + 1, PHONE, event_id="e"),
    ]
    assert answers(life, {"channel": "text", "is": "open"}) == [False, True, False, True]


def test_a_delivery_opens_a_channel_that_soft_bounces_had_closed() -> None:
    policy = default_policy()
    strict = policy.model_copy(update={"closures": policy.closures.model_copy(update={"soft_bouncing": "deny"})})
    bounces = [
        heard("email.bounced", f"{number}", NOON + number, EMAIL, message_id=f"m{number}", kind="soft")
        for number in range(3)
    ]
    delivered = heard("email.delivered", "9", NOON + 9, EMAIL, message_id="m9")
    condition = {"channel": "email", "is": "open"}
    assert answers([*bounces, delivered], condition, strict) == [True, True, False, True]


def test_an_earlier_version_of_a_report_takes_back_what_the_later_one_closed() -> None:
    life = [
        heard("canvass.reported", "1", NOON + 1, VAN, method="door", outcome="do_not_contact", report_id="r"),
        heard("canvass.reported", "2", NOON, VAN, method="door", outcome="contacted", report_id="r"),
    ]
    assert answers(life, {"channel": "door", "is": "open"}) == [False, True]


def test_a_text_a_month_later_moves_e_mails_out_of_the_listed_touches() -> None:
    life = [
        heard("email.sent", "1", NOON, EMAIL, message_id="m"),
        heard("text.sent", "2", NOON + 29 * DAY, PHONE, message_id="n"),
        heard("text.sent", "3", NOON + 31 * DAY, PHONE, message_id="o"),
    ]
    assert answers(life, {"unanswered_mails": 1}) == [True, True, False]


def test_a_message_whose_arrival_comes_late_makes_its_open_a_machines() -> None:
    life = [
        heard("email.opened", "1", NOON + 5_000, EMAIL, message_id="m"),
        heard("email.delivered", "2", NOON, EMAIL, message_id="m"),
    ]
    assert answers(life, {"opens": "human", "at_least": 0.5}) == [True, False]


def test_a_gift_after_an_open_speaks_for_the_person() -> None:
    life = [
        heard("email.opened", "1", NOON, EMAIL, message_id="m", machine=True),
        heard("donation.made", "2", NOON + 60_000, EMAIL, donation_id="g:1", amount=1, currency="USD"),
    ]
    assert answers(life, {"opens": "human", "at_least": 0.5}) == [False, True]


def test_who_is_seen_again_within_a_window_that_tells_nothing_is_due_no_later_than_read_anew() -> None:
    """Nobody was seen within 36 hours and not within 60 days: leaving the shorter window changes no bit."""
    of = plan(segment(all=[{"seen": "last", "within": "36h"}], none=[{"seen": "last", "within": "60d"}]))
    name, first = heard("rsvp.made", "0", NOON, VAN, event_id="e")
    before, _ = fold(ContactState(), [first])
    readings = of.read(Person(name, overview(before)), NOON + 3 * DAY)
    _, second = heard("rsvp.made", "1", NOON + 4 * DAY, VAN, event_id="e")
    after, _ = fold(before, [second])
    someone = Person(name, overview(after))
    again = of.read_again(readings, someone, after.clock, of.stale([second], someone.known, before, after))
    assert again.due <= of.read(someone, after.clock).due
