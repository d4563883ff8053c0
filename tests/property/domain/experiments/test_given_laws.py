"""What a person gives to experiments is a function of what is known, and what the oracle finds in it."""

from functools import reduce

from hypothesis import event, given
from hypothesis import strategies as st

from streams.demo.recount import one_version_each
from streams.demo.recount_experiments import experiments
from streams.domain.contact import ContactState, decode, encode, merge, profile
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.experiments.person_sums import may_change
from tests.property.domain.contact.strategies import Feed, chunks, parts
from tests.property.domain.experiments.people import RULES, Rules, by_the_oracle, feeds, given_by, shown, told
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, appended, fold, folded, said

LATE = 1_000 * DAY
"""Long after everything is due."""


def nothing(at: int) -> Arrival:
    """An arrival that adds nothing."""
    return appended(NOON + at, said("rsvp.made", f"late {at}", NOON - DAY, event_id="e"))


@given(feeds(), RULES)
def test_in_any_order_and_however_often_it_is_what_the_oracle_finds(feed: Feed, rules: Rules) -> None:
    state = folded(*feed.delivered)
    found = given_by(state, rules)
    event(f"assigned: {len(found.names)}, values: {sum(map(len, found.values))}")
    assert shown(found) == by_the_oracle(feed.life, rules)
    assert profile(DONOR, state)["experiments"] == experiments(one_version_each(told(feed.life)))
    assert [*found.experiments] == sorted(found.experiments)


@given(feeds(), RULES, st.data())
def test_in_parts_that_are_merged_or_linked_it_is_the_same(feed: Feed, rules: Rules, data: st.DataObject) -> None:
    states = [folded(*part) for part in data.draw(parts(feed.delivered))]
    merged = reduce(merge, data.draw(st.permutations(states)), ContactState())
    linked = person({f"c{number}": state for number, state in enumerate(states)})
    assert given_by(merged, rules) == given_by(linked, rules) == given_by(folded(*feed.delivered), rules)


@given(feeds(), RULES)
def test_settling_changes_nothing_that_is_given(feed: Feed, rules: Rules) -> None:
    state = folded(*feed.delivered)
    for at in (8 * DAY, 39 * DAY, 45 * DAY, 90 * DAY):
        settled, _ = fold(state, [nothing(at)])
        assert given_by(settled, rules) == given_by(state, rules)
        assert profile(DONOR, settled)["experiments"] == profile(DONOR, state)["experiments"]
        state = settled


@given(feeds(days=80), RULES, st.data())
def test_whatever_settles_between_two_steps_changes_nothing(feed: Feed, rules: Rules, data: st.DataObject) -> None:
    """Each step is looked at before and after a pause in which all or part of it settles."""
    state = ContactState()
    for chunk in data.draw(chunks(feed.delivered)):
        state, _ = fold(decode(encode(state)), chunk)
        rested, _ = fold(state, [nothing(max(state.clock, NOON) - NOON + data.draw(st.integers(1, 50)) * DAY)])
        assert given_by(rested, rules) == given_by(state, rules)
        assert profile(DONOR, rested)["experiments"] == profile(DONOR, state)["experiments"]
    event(f"settled arms: {len(state.settled.arms)}, drops: {bool(state.settled.drops)}")
    event(f"settled opens: {bool(state.settled.opens_by_hour)}")


@given(feeds(days=30), RULES, st.data())
def test_step_by_step_it_is_the_same_as_at_once(feed: Feed, rules: Rules, data: st.DataObject) -> None:
    state, before = ContactState(), given_by(ContactState(), rules)
    for chunk in data.draw(chunks(feed.delivered)):
        state, _ = fold(state, chunk)
        before = given_by(state, rules, before)
        assert given_by(state, rules, before) is before
    assert before == given_by(state, rules)


@given(feeds(days=30), RULES)
def test_what_surely_changes_nothing_changes_nothing(feed: Feed, rules: Rules) -> None:
    state = ContactState()
    for arrival in feed.delivered:
        before, fact = given_by(state, rules), arrival.fact()
        state, _ = fold(state, [arrival])
        if not may_change([fact], overview(state), rules, before):
            event(f"indifferent: {fact.type}, assigned: {bool(before)}")
            assert given_by(state, rules) == before


@given(feeds(), RULES)
def test_what_was_given_is_kept_when_opens_and_clicks_are_forgotten(feed: Feed, rules: Rules) -> None:
    state = folded(*feed.delivered)
    before = given_by(state, rules)
    much_later, _ = fold(state, [nothing(LATE)])
    assert much_later.settled.opens_by_hour == much_later.settled.clicks_by_hour == {}
    assert given_by(much_later, rules, before) is before
