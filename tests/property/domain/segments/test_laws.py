"""What segments say of a person: by the oracle, by recursion, by the plan, now and as time goes by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.demo.oracle import life_of
from streams.demo.recount_segments import Asked, is_member
from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.derived_view import attach, derive
from streams.domain.contact.incremental_fold import Declined, fold_incrementally
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import NEVER
from streams.domain.messages import english
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments import alternatives
from streams.domain.segments.explanation import Explanation, explain
from streams.domain.segments.matching import matches
from streams.domain.segments.matching_plan import MatchingPlan, PersonReadings
from streams.domain.segments.person import Person
from tests.budgets import costly
from tests.property.domain.segments.definitions import Table, policies, questions, resolved, windows_of
from tests.property.domain.segments.histories import (
    Heard,
    clock_of,
    folded,
    harmonised,
    histories,
    identify,
    moments,
    person_of,
)
from tests.unit.domain.contact.said import DAY


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def times_of(plan: MatchingPlan, person: Person, clock: int, another: int) -> Iterator[int]:
    """The clock, another time, and those at which the plan expects another answer, with those just before."""
    yield clock
    yield another
    at = clock
    for _ in range(8):
        at = plan.read(person, at).due
        if at == NEVER:
            return
        yield from (at - 1, at)


@costly
@given(st.booleans().flatmap(lambda linked: histories(linked=linked)), questions(), policies(), st.data())
def test_membership_is_what_the_oracle_finds_in_the_raw_interactions(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person, life = person_of(states), life_of([each.sent for each in heard], identify)
    assert (person is None) == (life is None)
    if person is None or life is None:
        return
    segments, tables = resolved(found, policy), {table["id"]: table for table in found}
    plan = MatchingPlan(segments, channel_rules(policy))
    for at in times_of(plan, person, clock_of(states), data.draw(moments(heard, clock_of(states), windows_of(found)))):
        asked = Asked(tables, policy.model_dump(mode="json"), moment(at))
        for name, segment in segments.items():
            is_in = matches(segment, person, at)
            event(f"a member: {is_in}")
            assert is_in == is_member(name, life, asked), name


@costly
@given(st.booleans().flatmap(lambda linked: histories(linked=linked)), questions(), policies(), st.data())
def test_the_bits_of_a_plan_are_what_recursion_says_of_each_segment(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person, segments = person_of(states), resolved(found, policy)
    if person is None:
        return
    plan = MatchingPlan(segments, channel_rules(policy))
    for at in times_of(plan, person, clock_of(states), data.draw(moments(heard, clock_of(states), windows_of(found)))):
        answer = plan.read(person, at).answer
        assert sorted(plan.names(answer)) == [name for name in sorted(segments) if matches(segments[name], person, at)]
        assert plan.bits(plan.names(answer)) == answer


@costly
@given(st.booleans().flatmap(lambda linked: histories(linked=linked)), questions(), policies(), st.data())
def test_no_answer_changes_between_a_time_and_what_is_due_after_it(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person = person_of(states)
    if person is None:
        return
    start = data.draw(moments(heard, clock_of(states), windows_of(found)))
    for name, segment in resolved(found, policy).items():
        plan = MatchingPlan({name: segment}, channel_rules(policy))
        _goes_on(plan, person, start, data)


def _goes_on(plan: MatchingPlan, person: Person, at: int, data: st.DataObject) -> None:
    for _ in range(4):
        readings = plan.read(person, at)
        assert readings.due > at
        last = min(readings.due, at + 500 * DAY) - 1
        for between in (last, data.draw(st.integers(at, last))):
            assert plan.read(person, between).answer == readings.answer
        if readings.due == NEVER:
            return
        event("something is due")
        at = readings.due


@costly
@given(histories(), questions(), policies(), st.data())
def test_segments_of_too_many_alternatives_are_judged_by_themselves_and_alike(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    person, segments = person_of(folded(heard)), resolved(found, policy)
    if person is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternatives, "MOST_ALTERNATIVES", 1)
        plan = MatchingPlan(segments, channel_rules(policy))
    at = data.draw(moments(heard, clock_of(folded(heard)), windows_of(found)))
    event(f"judged by themselves: {bool(plan._judged)}")
    assert sorted(plan.names(plan.read(person, at).answer)) == [
        name for name in sorted(segments) if matches(segments[name], person, at)
    ]


@costly
@given(histories(), questions(), policies(), st.data())
def test_what_is_read_again_after_each_interaction_is_what_is_read_of_the_person_anew(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    plan = MatchingPlan(resolved(found, policy), channel_rules(policy))
    state, readings = ContactState(), None
    for number, each in enumerate(heard):
        before, (name, fact) = state, harmonised(each)
        state, outcomes = fold(before, [fact])
        person = person_of({name: state})
        if outcomes != [FoldOutcome.APPLIED] or person is None:
            readings = None
            continue
        now = plan.read(person, state.clock)
        if readings is not None:
            stale = plan.stale([fact], person.known, before, state)
            event(f"all is stale: {stale >> len(readings.masks) > 0}")
            _is_as_good(plan.read_again(readings, person, state.clock, stale), now)
        until = max([state.clock, *(next_one.appended_at for next_one in heard[number + 1 : number + 2])])
        at = data.draw(st.integers(state.clock, until))
        readings = plan.read_again(now, person, at, 0)
        _is_as_good(readings, plan.read(person, at))


def _is_as_good(again: PersonReadings, anew: PersonReadings) -> None:
    """The same answers, and nothing due later."""
    assert (again.answer, [*again.masks]) == (anew.answer, [*anew.masks])
    assert again.due == min(again.dues)
    assert all(one <= other for one, other in zip(again.dues, anew.dues, strict=True))


@costly
@given(histories(), questions(), policies(), st.data())
def test_an_explanation_has_the_answer_of_recursion_and_can_be_told(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person = person_of(states)
    if person is None:
        return
    at = data.draw(moments(heard, clock_of(states), windows_of(found)))
    for segment in resolved(found, policy).values():
        explained = explain(segment, person, at)
        assert explained.answer == matches(segment, person, at)
        assert all(english(each.told) for each in _all_parts(explained))


def _all_parts(explained: Explanation) -> Iterator[Explanation]:
    yield explained
    for part in explained.parts:
        yield from _all_parts(part)


@costly
@given(histories(), questions())
def test_a_person_by_the_view_beside_a_state_is_read_as_one_by_the_state_itself(
    heard: list[Heard], found: list[Table]
) -> None:
    plan = MatchingPlan(resolved(found), channel_rules(default_policy()))
    state = ContactState()
    for each in heard:
        name, fact = harmonised(each)
        attached = derive(name, state)
        if attached is not None:
            attach(state, attached)
        step = fold_incrementally(name, state, [fact])
        if isinstance(step, Declined):
            state, _ = fold(state, [fact])
            continue
        event("by a view")
        state = step.after
        by_view = Person(name, step.view.overview(state), step.view.whereabouts)
        assert plan.read(by_view, state.clock) == plan.read(Person(name, overview(state)), state.clock)
