"""Laws of who is given which variant, and of what is kept of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from events.experiment_results import Moment
from events.experiments import ExperimentDefinition
from events.times import parse_time, render_time
from streams.demo.recount import one_version_each
from streams.demo.recount_experiments import experiments
from streams.domain.contact import ContactState, decode, encode, merge, profile
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.merging import person
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.contact.person_view import overview
from streams.domain.experiments import experiment_table, row_table
from streams.domain.experiments.assignment import HashPoint, VariantAssigner
from streams.domain.experiments.comparison_history import with_moment
from streams.domain.experiments.definition_records import definition_record, read_definition, rule_of
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.experiment_table import ExperimentIndex
from streams.domain.experiments.partials import (
    PartialCounts,
    PartitionEditions,
    RecountProgress,
    RelayedDefinition,
    write_partial,
)
from streams.domain.experiments.person_sums import may_change
from streams.domain.experiments.report.stored_sentences import part, stored_message, variant_with_people
from streams.domain.experiments.row_table import RowTable
from streams.domain.messages import Listed, english, message
from streams.engine.writer import Output
from streams.worker.agents.experiments import aggregator, delta_log, write_behind
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from tests.budgets import costly
from tests.property.domain.contact.strategies import Feed, chunks, parts
from tests.property.domain.experiments.people import RULES, Rules, by_the_oracle, feeds, given_by, shown, told
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, appended, fold, folded, said
from tests.unit.domain.experiments.writing import defined
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.experiments.aggregating_agent import PARTITIONS, TICK, TODAY, Agent

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
VARIANTS = st.dictionaries(NAMES.filter("holdout".__ne__), st.integers(1, 100), min_size=2, max_size=5)
SHARES = st.floats(0, 0.99)


@st.composite
def definitions(draw: st.DrawFn) -> ExperimentDefinition:
    fields: dict[str, Any] = {"variants": draw(VARIANTS), "holdout": draw(SHARES), "salt": draw(NAMES)}
    if draw(st.booleans()):
        start, end = sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True)))
        fields["exclusion"] = {"group": draw(NAMES), "from": start, "to": end}
    return defined(draw(NAMES), **fields)


@given(definitions(), NAMES)
def test_everybody_has_one_variant_of_those_that_are_planned_or_is_not_in_it(
    definition: ExperimentDefinition, unit: str
) -> None:
    found = VariantAssigner(definition).variant_of(unit)
    assert found in (*definition.arms, None)
    assert found == VariantAssigner(definition).variant_of(unit)
    assert definition.exclusion is not None or found is not None


@given(definitions(), NAMES)
def test_what_went_through_the_topic_assigns_alike(definition: ExperimentDefinition, unit: str) -> None:
    read = read_definition(*definition_record(definition))
    assert read == (definition.id, definition)
    assert VariantAssigner(read[1]).variant_of(unit) == VariantAssigner(definition).variant_of(unit)


@given(definitions(), st.lists(st.tuples(NAMES, NAMES), max_size=30))
def test_a_household_is_together_in_whatever_order_it_comes(
    definition: ExperimentDefinition, people: list[tuple[str, str]]
) -> None:
    def assigned(rows: list[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        assigning = VariantAssigner(definition)
        return {row: assigning.variant_of(row[1]) for row in rows}

    found = assigned(people)
    assert found == assigned(people[::-1])
    by_household = {household: found[person, household] for person, household in people}
    assert all(found[row] == by_household[row[1]] for row in people)


@given(NAMES, NAMES)
def test_a_point_is_in_the_unit_interval(salt: str, unit: str) -> None:
    assert 0 <= HashPoint("variant", salt).of(unit) < 1
    assert HashPoint("variant", salt).of(unit) == HashPoint("variant", salt).of(unit)


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


START = 1_770_000_000_000
TIMES = st.lists(st.integers(0, 400 * 86_400_000), min_size=1, max_size=60, unique=True).map(sorted)
MOST = st.integers(3, 30)


def moment(at: int) -> Moment:
    return {"as_of": render_time(START + at), "effect": at, "low": 0, "high": 0, "people": None, "provisional": True}


def grown(times: list[int], most: int) -> list[Moment]:
    history: list[Moment] = []
    for at in times:
        history = with_moment(history, moment(at), most)
    return history


@given(times=TIMES, most=MOST)
def test_it_is_bounded_in_order_begins_at_the_first_and_ends_at_the_last(times: list[int], most: int) -> None:
    history = grown(times, most)

    assert len(history) <= most
    assert history[0] == moment(times[0])
    assert history[-1] == moment(times[-1])
    kept = [(parse_time(each["as_of"]) or 0) - START for each in history]
    assert kept == sorted(kept)
    assert {*kept} <= {*times}


@given(times=TIMES, most=MOST)
def test_thinned_little_by_little_it_is_what_it_would_be_thinned_once(times: list[int], most: int) -> None:
    everything = [moment(at) for at in times[:-1]]

    assert grown(times, most) == with_moment(everything, moment(times[-1]), most)


@given(times=TIMES, most=MOST)
def test_said_again_it_is_the_same(times: list[int], most: int) -> None:
    history = grown(times, most)

    assert with_moment(history, moment(times[-1]), most) == history


EXPERIMENTS = ("x", "y", "z")
DEFINITIONS = [None, defined("x", window="60d"), defined("x", metrics=["voted"]), defined("x", unit="household")]
EDITIONS = sorted({rule_of(each).edition for each in DEFINITIONS})
PEOPLE = st.builds(
    Contribution,
    st.sampled_from(EXPERIMENTS),
    st.sampled_from("ABC"),
    st.sampled_from([TODAY, TODAY + 1]),
    st.sampled_from(["", "", *EDITIONS]),
    group=st.sampled_from([-1, -1, -1, 5]),
    values=st.sampled_from([(), ((0, 1, 0, 1),), ((8, 1, 0, 1),)]),
)
STRANGE = [
    PartialCounts([("x", "", "A")], (TODAY, 1)),
    PartialCounts([("y", "", "A")], (TODAY, 1, 0), (), (), (0, 3, 1, 1, 1)),
]
OTHERS = st.one_of(
    st.builds(
        lambda name, each: RelayedDefinition(name, None if each is None else definition_record(each)[1]),
        st.sampled_from(EXPERIMENTS),
        st.sampled_from(DEFINITIONS),
    ),
    st.builds(
        lambda number, name, edition: PartitionEditions(number, {name: edition}),
        st.integers(0, PARTITIONS - 1),
        st.sampled_from(EXPERIMENTS),
        st.sampled_from(EDITIONS),
    ),
    st.builds(RecountProgress, st.integers(0, PARTITIONS - 1), st.booleans()),
    st.sampled_from(STRANGE),
).map(write_partial)


def what_is_told(data: st.DataObject, people: list[Contribution]) -> list[bytes]:
    """Of people who come, and of some who were there and go, in one record or each in its own."""
    more = data.draw(st.lists(PEOPLE, min_size=1, max_size=4))
    gone = data.draw(st.lists(st.integers(0, len(people) - 1), unique=True)) if people else []
    steps = [(packed([people[place]]), NOTHING) for place in gone] + [(NOTHING, packed([each])) for each in more]
    people[:] = [each for place, each in enumerate(people) if place not in gone] + more
    found: list[bytes] = []
    columns = DeltaColumns()
    for before, after in steps:
        columns.replace(before, after)
        if data.draw(st.booleans()):
            found += columns.records()
            columns = DeltaColumns()
    found += [*columns.records(), *data.draw(st.lists(OTHERS, max_size=2))]
    return [*found, TICK] if data.draw(st.integers(0, 3)) else found


def fails(agent: Agent, values: list[bytes]) -> None:
    """The chunk is folded, its transaction comes to nothing."""
    records = [Fetched(agent._offset + 1 + at, value, b"", (), agent.now) for at, value in enumerate(values)]
    ExperimentAggregator(agent._states, PARTITIONS).take(records)
    agent._states.forget()


def published(agent: Agent) -> dict[tuple[str, bytes | None], list[Output]]:
    assert agent.last is not None
    found: dict[tuple[str, bytes | None], list[Output]] = {}
    for each in agent.last.effects.outputs:
        found.setdefault((each.topic, each.key), []).append(each)
    return found


def beside(agent: Agent) -> list[tuple[bytes, bytes]]:
    """The histories."""
    return [each for prefix in (b"history/", b"moment/") for each in agent._states.all_beside(prefix)]


def lines(agent: Agent) -> object:
    """When a day closes that nobody is left in is another matter."""
    held = agent._states.get(b"board")
    assert held is None or isinstance(held, ExperimentIndex)
    return held and {name: (each.heard, each.log_e, each.found, each.changed) for name, each in held.lines.items()}


@contextmanager
def all_at_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_behind, "MOST_BYTES", -1)
        patch.setattr(RowTable, "take", lambda *_: False)
        yield


@contextmanager
def small(data: st.DataObject) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_table, "_LEAST", 4)
        patch.setattr(row_table, "MOST", data.draw(st.sampled_from([16, 64])))
        patch.setattr(aggregator, "MAX_EXPERIMENTS", data.draw(st.sampled_from([2, 10])))
        patch.setattr(aggregator, "MOST_BYTES", data.draw(st.sampled_from([100, 1 << 20])))
        patch.setattr(aggregator, "MOST_LOGGED", data.draw(st.sampled_from([300, 1 << 20])))
        patch.setattr(delta_log, "_AT_ONCE", data.draw(st.sampled_from([1, 1 << 20])))
        patch.setattr(write_behind, "MOST_BYTES", data.draw(st.sampled_from([600, 2_000, 1 << 20])))
        patch.setattr(write_behind, "SOONEST_MS", 3_000)
        patch.setattr(write_behind, "SPREAD_MS", 4_000)
        patch.setattr(experiment_table, "MAX_AT_ONCE", data.draw(st.sampled_from([1, 100])))
        patch.setattr(experiment_table, "FORGOTTEN_AFTER_MS", 60_000)
        yield


@settings(costly, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_all_is_told_that_would_be_were_it_written_at_once(data: st.DataObject) -> None:
    later, at_once = Agent(), Agent()
    people: list[Contribution] = []
    with small(data):
        for _ in range(data.draw(st.integers(4, 14))):
            values = what_is_told(data, people) or [TICK]
            later.now = at_once.now = later.now + data.draw(st.sampled_from([0, 1_000, 5_000, 61_000]))
            match data.draw(st.sampled_from(["goes on", "goes on", "fails", "begins again"])):
                case "fails":
                    fails(later, values)
                case "begins again":
                    later._states.forget()
            done = later.take(*values)
            with all_at_once():
                expected = at_once.take(*values)
            assert published(later) == published(at_once)
            assert (done.uncounted, done.alerts) == (expected.uncounted, expected.alerts)
            assert (beside(later), lines(later)) == (beside(at_once), lines(at_once))
    event(f"as rows: {len(done._work.rows)}")


names = st.text(min_size=1, max_size=20)
listed = st.builds(
    Listed,
    st.lists(st.builds(part, names, st.floats(0, 1)), min_size=1, max_size=5).map(tuple),
    st.integers(0, 2_000),
)
variants = st.lists(st.builds(variant_with_people, names, st.integers(1, 10**7)), min_size=1, max_size=5)


@given(
    listed,
    st.sampled_from(["experiment.split_not_checked", "experiment.split_not_checked_define"]),
)
def test_an_unchecked_split_is_told_to_the_letter_again(found: Listed, code: str) -> None:
    text = english(message(code, why=message("experiment.nobody_defined"), parts=found))
    assert english(stored_message(text)) == text


@given(variants)
def test_variants_that_were_not_planned_are_told_to_the_letter_again(found: list[object]) -> None:
    text = english(message("experiment.unplanned_variant", variants=Listed(tuple(found))))  # type: ignore[arg-type]
    assert english(stored_message(text)) == text


@given(st.text())
def test_any_text_is_told_to_the_letter_again(text: str) -> None:
    assert english(stored_message(text)) == text
