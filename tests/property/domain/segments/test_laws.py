"""Laws of segments and of their previews."""

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from sinks.keys import partition_of
from streams.demo.oracle import life_of
from streams.demo.recount_segments import Asked, is_member
from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.derived_view import attach, derive
from streams.domain.contact.incremental_fold import Declined, fold_incrementally
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import NEVER
from streams.domain.file_mistakes import FileMistakes
from streams.domain.messages import english
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments import alternatives
from streams.domain.segments.definition_files import (
    definition_json,
    definition_table,
    definition_toml,
    read_segment,
    read_segments,
    read_segments_json,
)
from streams.domain.segments.explanation import Explanation, explain
from streams.domain.segments.matching import matches
from streams.domain.segments.matching_plan import MatchingPlan, PersonReadings
from streams.domain.segments.people_sample import PeopleSample, hash_place
from streams.domain.segments.person import Person
from streams.domain.segments.preview_estimates import MemberEstimate, PartitionCount, estimate
from streams.domain.segments.resolution import canonical, edition_of, resolve
from tests.budgets import costly
from tests.property.domain.segments.definitions import (
    CONDITIONS,
    Table,
    groups,
    policies,
    questions,
    read,
    resolved,
    tables,
    windows_of,
)
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


RULES = channel_rules(default_policy())


@given(tables(), st.text(max_size=8), st.booleans())
def test_a_definition_is_the_same_after_toml_and_json(found: list[Table], owner: str, members: bool) -> None:
    definitions = read([table | {"owner": owner, "members": members} for table in found])
    written = "".join(map(definition_toml, definitions))
    assert read_segments(written) == definitions
    tables = [orjson.loads(definition_json(each)) for each in definitions]
    assert read_segments_json(orjson.dumps({"segment": tables})) == definitions
    assert tomllib.loads(written)["segment"] == tables == [definition_table(each) for each in definitions]


@given(st.lists(groups(), min_size=2, max_size=4), policies())
def test_editions_are_the_same_if_and_only_if_the_inlined_conditions_are(found: list[Table], policy: Policy) -> None:
    definitions = read([{"id": f"s{number}"} | group for number, group in enumerate(found)])
    rules = channel_rules(policy)
    for one in definitions:
        for other in definitions:
            same = canonical(one.conditions) == canonical(other.conditions)
            event(f"same: {same}")
            assert (edition_of(one.conditions, rules) == edition_of(other.conditions, rules)) == same


@given(groups(), st.randoms(use_true_random=False))
def test_an_edition_does_not_hang_on_order_repetition_or_a_reference(group: Table, rng: Random) -> None:
    plain = {"id": "plain"} | group
    referring = {"id": "referring", "any": [{"segment": "mixed"}, {"all": [{"segment": "plain"}]}]}
    found = resolve(read([plain, {"id": "mixed"} | _mixed(group, rng), referring]), RULES).segments
    assert len({each.edition for each in found.values()}) == 1


def _mixed(table: Any, rng: Random) -> Any:
    """The same conditions in another order, with some of them twice."""
    if not any(name in table for name in ("all", "any", "none")):
        return table
    mixed = {}
    for name, parts in table.items():
        those = [_mixed(part, rng) for part in parts]
        mixed[name] = [*those, rng.choice(those)]
        rng.shuffle(mixed[name])
    return mixed


@given(st.lists(CONDITIONS, min_size=1, max_size=4), st.data())
def test_a_table_with_anything_in_a_field_is_read_or_told_of_and_never_a_crash(
    found: list[Table], data: st.DataObject
) -> None:
    table = {**data.draw(st.sampled_from(found))}
    values = st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
        st.lists(st.one_of(st.integers(0, 9), st.text(max_size=2))),
        st.dictionaries(st.text(max_size=3), st.integers()),
    )
    table[data.draw(st.sampled_from([*table, "at_least", "within", "colour", "currency"]))] = data.draw(values)
    read_again = read_segment({"id": "s", "all": [table]})
    event(f"told of: {isinstance(read_again, FileMistakes)}")
    if isinstance(read_again, FileMistakes):
        assert all(
            mistake.key.startswith("all[0]") and mistake.problem and mistake.cure for mistake in read_again.found
        )


MOST = 6
NAMES = [b"voter:OH:%03d" % number for number in range(60)]


def walked(names: Iterable[bytes], most: int, piece: int) -> PeopleSample:
    """The sample of these after a walk, so many at a time."""
    held, sample = sorted(names), PeopleSample(most)
    for at in range(0, max(1, len(held)), piece):
        some = held[at : at + piece]
        sample.walk(some, some[-1] if some else b"", is_end=at + piece >= len(held))
    return sample


@given(st.sets(st.sampled_from(NAMES)), st.integers(1, 70), st.integers(1, 70))
def test_the_first_are_drawn_however_the_walk_is_cut(names: set[bytes], most: int, piece: int) -> None:
    sample = walked(names, most, piece)
    assert sample.drawn == sorted((hash_place(name), name) for name in names)[:most]
    assert (sample.known, sample.is_whole, sample.is_worn) == (len(names), True, False)


@given(
    st.sets(st.sampled_from(NAMES)),
    st.lists(st.tuples(st.integers(0, 9), st.sets(st.sampled_from(NAMES), max_size=5)), max_size=40),
)
def test_whoever_comes_and_goes_meanwhile_counts_as_if_the_walk_had_come_later(
    there: set[bytes], story: list[tuple[int, set[bytes]]]
) -> None:
    sample, has_anybody_gone = PeopleSample(MOST), False
    for piece, changed in story:
        if piece and not sample.is_whole:
            some = sorted(name for name in there if name > sample.after)[:piece]
            sample.walk(some, some[-1] if some else sample.after, is_end=len(some) < piece)
        come, gone = changed - there, changed & there
        there = (there | come) - gone
        has_anybody_gone |= bool(gone)
        sample.come(come)
        sample.go(gone)
        passed = {name for name in there if sample.is_whole or name <= sample.after}
        in_order = sorted((hash_place(name), name) for name in passed)
        assert sample.known == len(passed)
        assert sample.drawn == [one for one in in_order if one[0] < sample.below][:MOST]
        assert len(sample.drawn) <= MOST
        if not has_anybody_gone:
            assert sample.drawn == in_order[:MOST]


def test_a_sample_of_which_more_than_half_have_gone_is_worn_where_others_could_be_drawn() -> None:
    sample = walked(NAMES, MOST, 7)
    drawn = [name for _, name in sample.drawn]
    sample.go(drawn[:3])
    assert not sample.is_worn
    sample.go(drawn[3:4])
    assert sample.is_worn
    few = walked(NAMES[:4], MOST, 7)
    few.go(NAMES[:3])
    assert (few.known, few.is_worn) == (1, False)


PARTITIONS = 4
CONTACTS = 4_000
EACH = 100
"""Contacts that are judged of each partition."""
POPULATIONS = 60
SHARES = (0.01, 0.05, 0.2, 0.5, 0.9)


def contacts(number: int) -> list[bytes]:
    """Voters of three states in the order of their ids, and people known by an address."""
    voters = [f"voter:{state}:{number}{at:07}" for state in ("NY", "OH", "PA") for at in range(CONTACTS // 4)]
    chance = Random(number)
    hashed = [f"email:{chance.randbytes(16).hex()}" for _ in range(CONTACTS // 4)]
    return [name.encode() for name in sorted(voters + hashed)]


def first(names: list[bytes], members: int, _: int) -> set[bytes]:
    """Those whose ids come first: a segment that keys say all about."""
    return {*names[:members]}


def every(names: list[bytes], members: int, _: int) -> set[bytes]:
    """One of so many, in the order of ids."""
    return {names[at * len(names) // members] for at in range(members)}


def some(names: list[bytes], members: int, seed: int) -> set[bytes]:
    """Any of them."""
    return {*Random(seed).sample(names, members)}


@dataclass(frozen=True)
class Population:
    """Contacts in the order of their ids. `drawn`: of each partition how many it has, and whom a preview judges."""

    names: list[bytes]
    drawn: list[tuple[int, list[bytes]]]

    def previewed(self, members: set[bytes], silent: int) -> MemberEstimate:
        """The estimate; the last `silent` partitions do not answer."""
        counts = [
            PartitionCount(known, len(judged), sum(name in members for name in judged))
            for known, judged in self.drawn[: PARTITIONS - silent]
        ]
        found = estimate(counts, PARTITIONS)
        assert found is not None
        return found


@cache
def population(number: int) -> Population:
    """People whom a walk through the keys of each partition has drawn, a piece at a time."""
    names = contacts(number)
    by_partition: dict[int, list[bytes]] = defaultdict(list)
    for name in names:
        by_partition[partition_of(name.decode(), PARTITIONS)].append(name)
    found = []
    for partition in range(PARTITIONS):
        held, sample = by_partition[partition], PeopleSample(EACH)
        for at in range(0, len(held), 300):
            piece = held[at : at + 300]
            sample.walk(piece, piece[-1], is_end=at + 300 >= len(held))
        found.append((sample.known, [name for _, name in sample.drawn]))
    return Population(names, found)


@pytest.mark.parametrize("silent", [0, 1])
@pytest.mark.parametrize("who", [first, every, some])
def test_the_interval_covers_the_true_count_about_as_often_as_it_says(
    who: Callable[[list[bytes], int, int], set[bytes]], silent: int
) -> None:
    covered = 0
    for number in range(POPULATIONS):
        people = population(number)
        for share in SHARES:
            members = who(people.names, int(share * len(people.names)), number)
            found = people.previewed(members, silent)
            covered += found.low <= len(members) <= found.high
    asked = POPULATIONS * len(SHARES)
    assert 0.92 <= covered / asked <= 0.99
