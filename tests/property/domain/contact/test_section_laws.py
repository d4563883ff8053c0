"""Laws of a profile's sections."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import event, given
from hypothesis import strategies as st

from events.contact import HashedContact
from streams.demo import oracle
from streams.demo.recount import one_version_each
from streams.demo.recount_provenance import provenance
from streams.demo.truth import ContactFields
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.merging import person
from streams.domain.contact.sections.exposures import TOO_LATE, CarriedVariant
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact
from tests.property.domain.contact.strategies import Feed, counted, feeds, parts
from tests.property.domain.segments.histories import Heard, folded, histories, identify
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival

OFTEN = ("email.bounced", "email.bounced", "email.delivered", "email.complained", "canvass.reported")


@given(histories(linked=True, often=OFTEN))
def test_addresses_and_their_answers_are_those_that_the_oracle_recounts(heard: list[Heard]) -> None:
    states = folded(heard)
    known = profile(min(states), person(states))
    recounted = oracle.profile_of("ada", [each.sent for each in heard], identify)
    event(f"statuses: {sorted({each['status'] for each in known['addresses']})}")
    assert (known["addresses"], known["email"]["status"]) == (recounted["addresses"], recounted["email"]["status"])  # type: ignore[index]


ME = "email:" + "1" * 32
NAMES: tuple[ContactFields, ...] = ({}, {"phone": "phone:" + "2" * 32}, {"phone": "phone:" + "3" * 32})
"""Whom interactions name beside the address under which they all came."""


def named(arrival: Arrival) -> ContactFields:
    """The hashed contact of an arrival: copies have the same."""
    return {"email": ME, **NAMES[int(arrival.interaction.id) % len(NAMES)]}


def heard(arrival: Arrival) -> Fact:
    said = arrival.interaction
    data = said.data.model_copy(update={"contact": HashedContact.model_validate(named(arrival))})
    return fact_of((said.id, said.source, said.type, None), said.time, data, arrival.appended_at)


def stored(arrivals: Sequence[Arrival]) -> ContactState:
    return decode(encode(fold(ContactState(), [heard(each) for each in arrivals])[0]))


@given(feeds(), st.data())
def test_in_any_order_with_copies_and_in_parts_the_provenance_is_what_was_said_of_it(
    feed: Feed, data: st.DataObject
) -> None:
    states = [stored(part) for part in data.draw(parts(feed.delivered))]
    known = profile(ME, reduce(merge, states, ContactState()))
    told = provenance(one_version_each(counted(feed.life, named)), lambda contact: next(iter(contact.values())))  # type: ignore[arg-type,return-value]
    event(f"entries: {len(known.get('provenance', ()))}")
    assert {name: known["provenance"] for name in ("provenance",) if name in known} == told


STEPS = st.sampled_from([HOUR, 6 * DAY, 25 * DAY])
"""Two words that settle together may be as far apart as 7 days, and one alone within the 30 of a drop."""
AGES = st.sampled_from([0, 0, 10 * DAY])
ARMS = st.builds(CarriedVariant, st.just("x"), st.sampled_from("AAB"))
TYPES = st.sampled_from(["email.sent", "email.delivered", "email.dropped"])
MESSAGES = st.builds(Message, st.sampled_from(["m0", "m0", "m0", "m1"]))


@st.composite
def words(draw: st.DrawFn) -> list[Fact]:
    """Of two messages, in the order in which they came; some say that a message was dropped."""
    at, facts = NOON, list[Fact]()
    for number in range(draw(st.integers(3, 6))):
        at += draw(STEPS)
        type_, message = draw(TYPES), draw(MESSAGES)
        arm = None if type_ == "email.dropped" else draw(ARMS)
        facts.append(Fact(type_, at - draw(AGES), "team/a", f"i{number}", at, None, message, 0, arm))
    return facts


def stands(facts: Sequence[Fact]) -> dict[tuple[str, str], tuple[int, str, str]]:
    """By experiment and variant the earliest word that no drop takes back."""
    found: dict[tuple[str, str], tuple[int, str, str]] = {}
    for fact in facts:
        if fact.arm is not None and not any(takes_back(drop, fact) for drop in facts):
            variant = fact.arm.experiment, fact.arm.variant
            found[variant] = min(fact.stamp, found.get(variant, fact.stamp))
    return found


def takes_back(drop: Fact, fact: Fact) -> bool:
    is_of_it = drop.type == "email.dropped" and drop.detail == fact.detail
    return is_of_it and abs(drop.appended_at - fact.appended_at) <= TOO_LATE


@given(words(), st.lists(st.integers(0, 150), max_size=3), st.booleans())
def test_whatever_settles_together_the_earliest_word_that_stands_is_kept(
    facts: list[Fact], moments: list[int], patient: bool
) -> None:
    """Words of another message come in between, at days of which each has some settle."""
    others = [NOON + day * DAY for day in moments]
    last = max([*others, facts[-1].appended_at]) + 100 * DAY
    others += [last, last]
    told = [Fact("email.sent", at, "team/b", f"o{n}", at, None, Message("o"), 0) for n, at in enumerate(others)]
    history = sorted([*facts, *told], key=lambda fact: fact.appended_at)
    state, _ = fold(ContactState(), history, patient=patient)
    kept = {(each.arm.experiment, each.arm.variant): each.stamp for each in state.settled.arms}
    event(f"kept: {len(kept)}")
    assert len(kept) == len(state.settled.arms)
    assert kept == stands(facts)
