"""What segments say of a person: by the oracle, by recursion, by the plan, now and as time goes by."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from streams.demo.oracle import life_of
from streams.demo.recount_segments import Asked, is_member
from streams.domain.contact.state import NEVER, ContactState
from streams.domain.pressure import Policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments import alternatives
from streams.domain.segments.matching import matches
from streams.domain.segments.matching_plan import MatchingPlan
from tests.property.domain.segments.definitions import Table, policies, questions, resolved, windows_of
from tests.property.domain.segments.histories import (
    Heard,
    clock_of,
    folded,
    harmonised,
    histories,
    identify,
    lawful,
    moments,
    person_of,
)


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


@lawful
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
    for at in (data.draw(moments(heard, clock_of(states), windows_of(found))) for _ in range(3)):
        asked = Asked(tables, policy.model_dump(mode="json"), moment(at))
        for name, segment in segments.items():
            is_in = matches(segment, person, at)
            event(f"a member: {is_in}")
            assert is_in == is_member(name, life, asked), name


@lawful
@given(st.booleans().flatmap(lambda linked: histories(linked=linked)), questions(), policies(), st.data())
def test_the_bits_of_a_plan_are_what_recursion_says_of_each_segment(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person, segments = person_of(states), resolved(found, policy)
    if person is None:
        return
    plan = MatchingPlan(segments, channel_rules(policy))
    for at in (data.draw(moments(heard, clock_of(states), windows_of(found))) for _ in range(3)):
        answer = plan.match(person, at)
        assert sorted(plan.names(answer)) == [name for name in sorted(segments) if matches(segments[name], person, at)]
        assert plan.bits(plan.names(answer)) == answer


@lawful
@given(st.booleans().flatmap(lambda linked: histories(linked=linked)), questions(), policies(), st.data())
def test_no_answer_changes_between_a_time_and_what_is_due_after_it(
    heard: list[Heard], found: list[Table], policy: Policy, data: st.DataObject
) -> None:
    states = folded(heard)
    person = person_of(states)
    if person is None:
        return
    plan = MatchingPlan(resolved(found, policy), channel_rules(policy))
    at = data.draw(moments(heard, clock_of(states), windows_of(found)))
    for _ in range(4):
        answer, due = plan.match(person, at), plan.due(person, at)
        assert due > at
        last = min(due, at + 500 * 86_400_000) - 1
        between = data.draw(st.one_of(st.just(last), st.integers(at, last)))
        assert plan.match(person, between) == answer
        if due == NEVER:
            break
        event("something is due")
        at = due


@lawful
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
    assert sorted(plan.names(plan.match(person, at))) == [
        name for name in sorted(segments) if matches(segments[name], person, at)
    ]


@lawful
@given(histories(), questions(), policies())
def test_what_surely_changes_nothing_leaves_every_answer_as_it_was(
    heard: list[Heard], found: list[Table], policy: Policy
) -> None:
    segments = resolved([table for table in found if "'seen'" not in str(table)], policy)
    plan = MatchingPlan(segments, channel_rules(policy))
    for number in range(1, len(heard)):
        before, after = folded(heard[: number - 1]), folded(heard[:number])
        _, fact = harmonised(heard[number - 1])
        if plan.may_change([fact], next(iter(before.values()), ContactState())):
            continue
        event("may change nothing")
        was, now = person_of(before) if before else None, person_of(after)
        at = clock_of(after)
        if was is not None and now is not None and plan.due(was, clock_of(before)) > at:
            event("compared")
            assert plan.match(now, at) == plan.match(was, at)
