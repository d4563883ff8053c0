"""The laws of the contract: one set of interactions, one profile. Laws 3 and 5 are about crashes and links."""

from collections.abc import Iterable, Sequence
from functools import reduce

from hypothesis import event, given
from hypothesis import strategies as st

from events.outputs import ContactProfile
from events.registry import MESSAGES
from streams.domain.contact import ContactState, FoldOutcome, decode, encode, merge, profile
from tests.property.domain.contact.strategies import (
    Feed,
    Key,
    chunks,
    deliveries,
    feeds,
    interactions,
    key,
    lives,
    parts,
)
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, appended, fold, recounted, retracted, said

NOBODY = appended(NOON + 60 * DAY, retracted("nobody", "late"))
"""An arrival that adds nothing, long after all messages are due."""


def folded(arrivals: Sequence[Arrival]) -> ContactState:
    return fold(ContactState(), arrivals)[0]


def profile_of(arrivals: Sequence[Arrival]) -> ContactProfile:
    return profile(DONOR, folded(arrivals))


def merged(states: Iterable[ContactState]) -> ContactState:
    return reduce(merge, states, ContactState())


@given(lives(), st.data())
def test_law_1_the_profile_is_the_same_in_any_order_of_arrival(life: list[Arrival], data: st.DataObject) -> None:
    assert profile_of(data.draw(st.permutations(life))) == profile_of(life)


@given(lives())
def test_the_profile_is_what_the_demos_oracle_recounts(life: list[Arrival]) -> None:
    """Each section with ties, versions, copies and retractions; the oracle shares no code with the fold."""
    shown = dict(profile_of(life))
    del shown["version"]
    assert shown == recounted(*life)


@given(feeds())
def test_law_2_the_profile_is_the_same_with_any_of_them_delivered_again(feed: Feed) -> None:
    state, outcomes = fold(ContactState(), feed.delivered)
    assert profile(DONOR, state) == profile_of(feed.life)
    assert outcomes.count(FoldOutcome.APPLIED) == len(feed.life)
    copies = outcomes.count(FoldOutcome.DUPLICATE) + outcomes.count(FoldOutcome.EARLIER)
    assert copies == len(feed.delivered) - len(feed.life)


@given(feeds(), st.data())
def test_law_4_the_profile_is_the_same_folded_in_parts_that_are_merged(feed: Feed, data: st.DataObject) -> None:
    states = [folded(part) for part in data.draw(parts(feed.delivered))]
    assert profile(DONOR, merged(data.draw(st.permutations(states)))) == profile_of(feed.life)


@given(feeds(), st.data())
def test_parts_that_are_merged_are_the_state_that_was_folded_at_once(feed: Feed, data: st.DataObject) -> None:
    states = [folded(part) for part in data.draw(parts(feed.delivered))]
    assert merged(states) == folded(feed.delivered)


@given(feeds(days=30), st.data())
def test_a_merge_is_commutative_and_associative(feed: Feed, data: st.DataObject) -> None:
    a, b, c, _ = (folded(part) for part in data.draw(parts(feed.delivered)))
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(lives(), st.data())
def test_parts_that_have_settled_apart_make_the_same_profile(life: list[Arrival], data: st.DataObject) -> None:
    delivered = sorted(data.draw(deliveries(life, days=30)), key=lambda arrival: arrival.appended_at)
    subjects = subjects_of(life)
    side = {subject: data.draw(st.booleans()) for subject in sorted(set(subjects.values()))}
    left = [arrival for arrival in delivered if side[subjects[key(arrival)]]]
    right = [arrival for arrival in delivered if not side[subjects[key(arrival)]]]
    event(f"settled: {bool(folded(delivered).settled.totals.counts)}")
    assert _sans_humans(profile(DONOR, merge(folded(left), folded(right)))) == _sans_humans(profile_of(delivered))


def _sans_humans(seen: ContactProfile) -> ContactProfile:
    """Without what one interaction says of another, which parts that have settled apart cannot know."""
    return {**seen, "email": {**seen["email"], "opens_human": 0, "clicks_human": 0}}


def subjects_of(life: Sequence[Arrival]) -> dict[Key, tuple[str, ...]]:
    """The message or report that each interaction speaks of, else itself; a retraction is of what it retracts."""
    found: dict[Key, tuple[str, ...]] = {}
    for arrival in life:
        said = arrival.interaction
        name = getattr(said.data, "report_id", None) or (said.type in MESSAGES and getattr(said.data, "message_id"))  # noqa: B009
        found[key(arrival)] = (said.type.partition(".")[0], name) if name else key(arrival)
    for arrival in life:
        retracts = getattr(arrival.interaction.data, "retracts", None)
        if retracts is not None:
            gone = retracts.source, retracts.id
            found[key(arrival)] = found.get(gone, gone)
    return found


@given(lives(), st.data())
def test_a_retraction_is_as_if_it_had_never_happened(life: list[Arrival], data: st.DataObject) -> None:
    happened = [arrival for arrival in life if arrival.interaction.type != "interaction.retracted"]
    gone = {key(arrival) for arrival in happened if data.draw(st.booleans())}
    retractions = [_retraction(source, id_, number) for number, (source, id_) in enumerate(sorted(gone))]
    arrivals = data.draw(st.permutations([*happened, *retractions]))
    assert profile_of(arrivals) == profile_of([arrival for arrival in happened if key(arrival) not in gone])


def _retraction(source: str, id_: str, number: int) -> Arrival:
    return said("interaction.retracted", f"retraction {number}", retracts={"source": source, "id": id_})


@given(feeds(days=30), st.data())
def test_a_fold_in_chunks_is_the_fold_at_once(feed: Feed, data: st.DataObject) -> None:
    state, outcomes = ContactState(), []
    for chunk in data.draw(chunks(feed.delivered)):
        state, became = fold(decode(encode(state)), chunk)
        outcomes += became
    assert (state, outcomes) == fold(ContactState(), feed.delivered)


@given(feeds())
def test_settling_changes_nothing_that_is_seen(feed: Feed) -> None:
    state = folded(feed.delivered)
    settled, _ = fold(state, [NOBODY])
    assert profile(DONOR, settled) == profile(DONOR, state)
    assert not any(fact.type in MESSAGES for fact in settled.facts.values())


@given(feeds(days=30), st.lists(interactions(), max_size=3))
def test_a_fold_leaves_the_state_it_began_with_as_it_was(feed: Feed, more: list[Arrival]) -> None:
    state = folded(feed.delivered)
    before = encode(state)
    fold(state, more)
    merge(state, folded(more))
    assert encode(state) == before
