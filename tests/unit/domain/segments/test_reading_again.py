"""Interactions of a type that seldom matters to a segment are read again where they do matter."""

from collections.abc import Sequence
from typing import Any

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.registry import MODELS
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact
from streams.domain.pressure import Policy, default_policy
from streams.domain.segments.person import Person
from tests.unit.domain.contact.said import DAY, NOON
from tests.unit.domain.segments.said_of import plan, segment

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
