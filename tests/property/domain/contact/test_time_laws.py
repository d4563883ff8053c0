"""Laws of what time does to a profile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.inactivity import InactivityRule, is_inactive
from events.registry import MESSAGES
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.profile import profile_of
from streams.domain.contact.publication.size_limit import bounded, reduced, shorter_and_shorter
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact, Retraction
from streams.services.retention.due import inactive_items
from tests.property.domain.contact.strategies import LATER, Feed, deliveries, feeds, key, lives, parts
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, appended, said

OWN = {
    *("email.clicked", "email.unsubscribed", "email.complained", "text.replied", "text.opted_out", "form.submitted"),
    *("donation.made", "donation.pledge_cancelled", "rsvp.made", "rsvp.cancelled", "rsvp.attended", "consent.changed"),
}
rules = st.builds(
    lambda hours, later: InactivityRule(NOON + hours * HOUR + later * LATER), st.integers(-1, 5), st.integers(0, 1)
)


def at(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)


def is_act(type_: str, told: Any) -> bool:
    """Others may say a yes on a ground of theirs again and again; who gives an address themselves does something.

    A ground that is no label, as "she said so", is not kept, and so counts as none.
    """
    basis = told.get("basis")
    if type_ == "consent.changed" and told["granted"] and basis not in (None, "consent") and " " not in basis:
        return False
    if type_ == "provenance.reported":
        return bool(told["provenance"]["kind"] == "self")
    return type_ in OWN or told.get("outcome") == "contacted"


def is_due(life: Sequence[Arrival], until: int) -> bool:
    """From the interactions alone: the last own act, else the first of all, is not after the time."""
    gone = set()
    for each in life:
        told: Any = each.interaction.data.plain()
        if each.interaction.type == "interaction.retracted":
            gone.add((told["retracts"]["source"], told["retracts"]["id"]))
    acts, all_of_it = [], []
    for each in life:
        heard, said = each.interaction, each.interaction.data.plain()
        if heard.type == "interaction.retracted" or key(each) in gone:
            continue
        all_of_it.append(at(heard.time))
        if is_act(heard.type, said):
            acts.append(at(heard.time))
    counting = [max(acts)] if acts else all_of_it
    return bool(counting) and min(counting) <= at(until)


@given(feeds(), rules, st.data())
def test_in_any_order_with_copies_and_in_parts_just_those_are_due_whom_a_loop_finds(
    feed: Feed, rule: InactivityRule, data: st.DataObject
) -> None:
    dealt = data.draw(parts(feed.delivered))
    folded = [decode(encode(fold(ContactState(), [each.fact() for each in part])[0])) for part in dealt]
    shown = profile(DONOR, reduce(merge, folded, ContactState()))
    expected = is_due(feed.life, rule.until)
    event(f"due: {expected}, own acts: {'last_active_at' in shown}")
    assert is_inactive(shown, rule) == expected
    assert bool(inactive_items(shown, rule)) == expected


@given(feeds(), rules, st.data())
def test_who_is_shown_short_is_due_when_the_whole_person_is(
    feed: Feed, rule: InactivityRule, data: st.DataObject
) -> None:
    dealt: dict[str, list[Arrival]] = {DONOR: [], "b": [], "c": []}
    for each in feed.delivered:
        dealt[data.draw(st.sampled_from([*dealt]))].append(each)
    states = {name: fold(ContactState(), [each.fact() for each in part])[0] for name, part in dealt.items()}
    whole = profile(DONOR, person(states))
    last = whole.get("last_active_at", "")
    are_told_alike = len({(key(each), each.interaction.time) for each in feed.delivered}) == len(feed.life)
    *shapes, least = shorter_and_shorter(states)
    for shown in (*shapes, bounded(states, 0), {name: reduced(state) for name, state in states.items()}, least):
        short = profile_of(DONOR, overview(person(shown)), states.values())
        shown_last = short.get("last_active_at", "")
        # Sums of one name do not know the earlier copy of an act under another name, so the act is as late as they say.
        assert shown_last == last if are_told_alike else shown_last >= last
        assert is_inactive(whole, rule) or not is_inactive(short, rule)


@given(lives(), rules, st.data())
def test_once_messages_have_settled_the_same_are_due(
    life: list[Arrival], rule: InactivityRule, data: st.DataObject
) -> None:
    """A click is an act of the person's, and is part of a sum after a week."""
    told = said("ballot.reported", "late", NOON + 2 * LATER, election="e", status="voted")
    late = appended(NOON + 60 * DAY, told)
    state = fold(ContactState(), [each.fact() for each in [*data.draw(deliveries(life)), late]])[0]
    assert not any(fact.type in MESSAGES for fact in state.facts.values())
    assert is_inactive(profile(DONOR, state), rule) == is_due([*life, told], rule.until)


STEPS = st.sampled_from([0, 1, 1_000, HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 7 * DAY, 7 * DAY + 1, 8 * DAY, 20 * DAY])
AGES = st.sampled_from([0, 0, 0, 1_000, HOUR, DAY, 5 * DAY, 10 * DAY])
ARMS = st.none() | st.builds(CarriedVariant, st.sampled_from(["x", "y"]), st.sampled_from("AB"))
NAMED: st.SearchStrategy[int | CarriedIdentifiers] = st.sampled_from(
    [0, 0, CarriedIdentifiers(((f"email:{1:032x}", ""),))]
)


@st.composite
def words(draw: st.DrawFn, number: int, at: int) -> Fact:
    """A word of one of three messages, appended at a time (ms)."""
    type_, message = draw(st.sampled_from(sorted(MESSAGES))), f"m{draw(st.integers(0, 2))}"
    is_deed = type_ in {"email.opened", "email.clicked"}
    kind = draw(st.sampled_from(["hard", "soft"])) if type_ == "email.bounced" else None
    detail = Deed(message) if is_deed else Message(message, kind=kind)  # type: ignore[arg-type]
    arm = None if type_ == "email.dropped" else draw(ARMS)
    return Fact(type_, at - draw(AGES), "team/a", f"i{number}", at, None, detail, draw(NAMED), arm)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """In the order in which they came; some are copies, some take another back."""
    at, facts = NOON, list[Fact]()
    for number in range(draw(st.integers(3, 14))):
        at += draw(STEPS)
        what = draw(st.integers(0, 9)) if facts else 9
        if what > 1:
            facts.append(draw(words(number, at)))
            continue
        other = draw(st.sampled_from(facts))
        if what == 0:
            facts.append(replace(other, appended_at=at))
        else:
            back = Retraction(other.source, other.id)
            facts.append(Fact("interaction.retracted", at, "team/a", f"r{number}", at, None, back))
    return facts


@given(histories())
def test_a_patient_fold_keeps_what_another_does(facts: list[Fact]) -> None:
    one_by_one, at_once = (fold(ContactState(), facts, patient=patient) for patient in (False, True))
    event(f"settled: {bool(one_by_one[0].settled.totals.counts)}, touches: {bool(one_by_one[0].settled.mailings)}")
    assert at_once == one_by_one
