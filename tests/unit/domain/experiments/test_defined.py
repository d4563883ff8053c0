"""Definitions as records: the rules that they make, what changes by them, and whom they exclude."""

from typing import Any

import orjson
import pytest

from events.experiment_results import ExperimentResult, Moment
from events.experiments import ExperimentDefinition
from events.refusal import Reason, Refusal
from events.times import render_time
from streams.domain.experiments.analysis_plan import DEFAULTS, plan_of
from streams.domain.experiments.comparison_history import MAX_MOMENTS, MIN_MOMENTS, with_history, with_moment
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.domain.experiments.definition_files import exclusion_clashes
from streams.domain.experiments.definition_records import (
    change_lines,
    changed_fields,
    definition_change,
    definition_record,
    edition_of,
    fold_definition,
    missing_definitions,
    planned_shares,
    read_definition,
    rule_of,
    withdrawal_record,
)
from tests.unit.domain.experiments.example import START, comparison, gotv, watched
from tests.unit.domain.experiments.writing import defined

FULL: dict[str, Any] = {
    "holdout": 0.1,
    "unit": "turf",
    "exclusion": {"group": "g", "from": 0.25, "to": 0.75},
    "strata": {"column": "state", "splits": {"NY": {"short": 1}}},
    "start": "2026-02-01T00:00:00Z",
    "hypothesis": "less is more",
}


def refused(key: bytes | None, value: bytes | None) -> Refusal:
    found = read_definition(key, value)
    assert isinstance(found, Refusal)
    return found


def test_what_is_nested_deeper_than_it_could_be_written_is_refused_and_stops_nobody() -> None:
    said = b'{"id":"ask","later":' + b"[" * 300 + b"]" * 300 + b"}"
    assert refused(b"ask", said).reason is Reason.NOT_JSON


def test_what_is_written_is_read_again() -> None:
    for definition in (defined(), defined(**FULL)):
        assert read_definition(*definition_record(definition)) == (definition.id, definition)
    assert read_definition(*withdrawal_record("ask")) == ("ask", None)


def test_what_files_may_not_say_any_more_is_read_where_it_was_written() -> None:
    definition = defined(guardrails=("donated",), variants={" short": 1, "long ": 1})
    assert read_definition(*definition_record(definition)) == (definition.id, definition)


def test_a_record_says_what_its_writer_left_to_defaults() -> None:
    key, value = definition_record(defined())
    said = orjson.loads(value)
    assert (key, said["baseline"], said["salt"], said["window"], said["metrics"][0]) == (
        *(b"ask", "short", "ask", "7d", "donated"),
    )
    assert "exclusion" not in said


def test_a_later_version_may_say_more() -> None:
    key, value = definition_record(defined(**FULL))
    said = orjson.loads(value)
    said["exclusion"]["why"] = said["colour"] = "new"
    assert read_definition(key, orjson.dumps({**said, "end": None})) == ("ask", defined(**FULL))


def test_a_record_that_cannot_be_read_is_refused_with_the_field() -> None:
    key, value = definition_record(defined())
    assert refused(None, value).detail.startswith("key: ")
    assert refused(b"k" * 257, value).detail.startswith("key: ")
    assert refused(key, b"{").reason is Reason.NOT_JSON
    assert refused(key, b"[]").detail.startswith("value: give an object")
    assert refused(key, b"{}").detail.startswith("id: is missing")
    assert refused(b"other", value).detail == "id: is not the record's key: write the same in both"
    assert refused(key, orjson.dumps({**orjson.loads(value), "window": "1y"})).detail.startswith("window: is '1y'; ")


def test_records_are_folded_and_one_that_cannot_be_read_changes_nothing() -> None:
    definitions: dict[str, ExperimentDefinition] = {}
    for record in (definition_record(defined("a")), definition_record(defined("b")), withdrawal_record("a")):
        assert fold_definition(definitions, *record) is None
    assert isinstance(fold_definition(definitions, b"b", b"{"), Refusal)
    assert definitions == {"b": defined("b")}


def test_without_a_definition_or_with_all_defaults_the_rule_is_that_of_the_defaults() -> None:
    assert rule_of(None) == rule_of(defined()) == rule_of(defined(holdout=0.2, metrics=["voted"])) == DEFAULT_RULE


def test_what_counts_people_otherwise_has_another_edition() -> None:
    changes: list[dict[str, Any]] = [
        {"window": "8d"},
        {"currency": "EUR"},
        {"winsorise": 1},
        {"covariate_days": 0},
        {"unit": "household"},
        {"start": "2026-02-01T00:00:00Z"},
        {"end": "2026-02-01T00:00:00Z"},
        {"phase": "rollout", "rollout_variant": "long", "rollout_since": "2026-02-01T00:00:00Z"},
    ]
    editions = [rule_of(defined(**change)).edition for change in changes]
    assert len({*editions, ""}) == len(changes) + 1
    assert all(len(edition) == 8 for edition in editions)


def test_what_does_not_count_people_otherwise_has_the_same_edition() -> None:
    same: list[dict[str, Any]] = [{"window": "168h"}, {"salt": "s"}, {"tuned_for": 500}, {"owner": "me"}]
    assert {rule_of(defined(**change)).edition for change in same} == {""}


def test_an_edition_is_the_same_in_every_version() -> None:
    """Else an upgrade would count everybody anew."""
    assert rule_of(defined(window="1d")) == CountingRule("8763254f", 86_400_000)
    assert edition_of(CountingRule("whatever", unit="turf", start=0, end=1)) == "9dc96f28"


@pytest.mark.parametrize(
    ("fields", "shares"),
    [
        ({}, {"short": 0.5, "long": 0.5}),
        ({"variants": {"a": 3, "b": 1}, "holdout": 0.2}, {"a": 0.6, "b": 0.2, "holdout": 0.2}),
        ({"strata": {"column": "state"}}, {"short": 0.5, "long": 0.5}),
        ({"strata": {"column": "state", "splits": {"NY": {"short": 1}}}}, None),
    ],
)
def test_the_planned_shares_are_of_everybody_in_it(fields: dict[str, Any], shares: dict[str, float] | None) -> None:
    found = planned_shares(defined(**fields))
    assert found == (None if shares is None else pytest.approx(shares))


def test_the_fields_that_differ_are_named() -> None:
    assert changed_fields(defined(), defined(window="1d", salt="s")) == ("window", "salt")
    assert changed_fields(defined(), defined()) == ()


def test_a_new_partition_lacks_everything_and_an_old_one_what_changed() -> None:
    wanted = {b"a": b"1", b"b": None, b"c": b"3"}
    assert missing_definitions(wanted, {}) == [(b"a", b"1"), (b"c", b"3")]
    assert missing_definitions(wanted, {b"a": b"0", b"b": b"2", b"c": b"3"}) == [(b"a", b"1"), (b"b", None)]


def test_a_plan_is_that_of_its_definition_and_is_read_once() -> None:
    _, value = definition_record(defined(variants={"a": 1, "b": 3}))
    plan = plan_of("ask", value)
    assert dict(plan.split) == {"a": 0.25, "b": 0.75}
    assert plan_of("ask", bytes(bytearray(value))) is plan
    assert plan_of("ask", None) == plan_of("another", value) == plan_of("ask", b"{") == DEFAULTS


def owning(id_: str, from_: float, to: float, group: str = "g", **fields: Any) -> ExperimentDefinition:
    return defined(id_, exclusion={"group": group, "from": from_, "to": to}, **fields)


def told(*definitions: ExperimentDefinition, changed: tuple[str, ...] = ("a",)) -> list[str]:
    return [str(clash) for clash in exclusion_clashes({each.id: each for each in definitions}, changed)]


def test_two_that_own_the_same_are_named_with_what_both_own() -> None:
    assert told(owning("a", 0, 0.5), owning("b", 0.25, 1)) == [
        "a and b: exclusion group g: both own 0.25 to 0.5; change a from or to, or let one end before the other starts"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (owning("a", 0, 0.5), owning("b", 0.5, 1)),
        (owning("a", 0, 0.5), owning("b", 0, 0.5, "another")),
        (owning("a", 0, 0.5), defined("b")),
        (owning("a", 0, 1, end="2026-03-01T00:00:00Z"), owning("b", 0, 1, start="2026-03-01T00:00:00Z")),
        (
            owning("a", 0, 1),
            owning("b", 0, 1, phase="rollout", rollout_variant="long", rollout_since="2026-03-01T00:00:00Z"),
        ),
    ],
)
def test_those_that_cannot_meet_in_one_person_are_let_be(
    one: ExperimentDefinition, other: ExperimentDefinition
) -> None:
    assert told(one, other) == []


def test_times_that_overlap_do_not_help() -> None:
    late = owning("b", 0, 1, start="2026-03-01T00:00:00Z")
    assert len(told(owning("a", 0, 1, end="2026-03-01T00:00:00.001Z"), late)) == 1
    assert len(told(owning("a", 0, 1, start="2027-01-01T00:00:00Z"), late)) == 1


def test_those_that_assign_other_units_may_meet_whatever_they_own() -> None:
    [line] = told(owning("a", 0, 0.5), owning("b", 0.5, 1, unit="turf"))
    assert "one assigns by contact, the other by turf" in line


def test_only_what_changed_is_looked_at() -> None:
    assert told(owning("a", 0, 1), owning("b", 0, 1), changed=("c",)) == []
    assert len(told(owning("a", 0, 1), owning("b", 0, 1), owning("c", 0, 1), changed=("a",))) == 2


# What is said before a definition is written: what becomes of the people, and only where something does.
COUNTED, SPLIT, ASSIGNED = "are counted anew", "judged by the new parts", "is contaminated"


def words(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[str, list[str]]:
    head, *lines = change_lines(definition_change(None if before is None else defined(**before), defined(**after)))
    return head, [word for word in (COUNTED, SPLIT, ASSIGNED) if any(word in line for line in lines)]


@pytest.mark.parametrize(
    ("before", "after", "head", "said"),
    [
        (None, {"window": "1d"}, "ask: new", []),
        ({}, {}, "ask: unchanged", []),
        ({}, {"owner": "digital"}, "ask: changed: owner", []),
        ({}, {"window": "1d"}, "ask: changed: window", [COUNTED]),
        ({}, {"variants": {"short": 2, "long": 1}}, "ask: changed: variants", [SPLIT, ASSIGNED]),
        ({}, {"variants": {"short": 2, "long": 2}}, "ask: changed: variants", [ASSIGNED]),
        ({}, {"holdout": 0.1, "baseline": "short"}, "ask: changed: holdout", [SPLIT, ASSIGNED]),
        ({}, {"salt": "2026"}, "ask: changed: salt", [ASSIGNED]),
    ],
)
def test_what_a_definition_changes_is_said(
    before: dict[str, Any] | None, after: dict[str, Any], head: str, said: list[str]
) -> None:
    assert words(before, after) == (head, said)


def test_a_new_one_that_is_counted_otherwise_than_by_the_defaults_says_so_to_programs() -> None:
    assert definition_change(None, defined(window="1d")).recounts
    assert not definition_change(None, defined()).recounts


def moment(at: int, effect: float = 0.01) -> Moment:
    return {
        "as_of": render_time(at),
        "effect": effect,
        "low": effect - 0.02,
        "high": effect + 0.02,
        "people": 100,
        "provisional": False,
    }


def test_a_short_history_keeps_everything_but_more_than_one_a_minute() -> None:
    history: list[Moment] = []
    for second in (0, 61, 62, 119, 200):
        history = with_moment(history, moment(START + second * 1000, second))

    assert [each["effect"] for each in history] == [0, 119, 200]


def test_the_history_is_of_the_primary_metric_by_variant_and_of_closed_days_where_there_are() -> None:
    history = with_history(None, gotv())["history"]

    assert (history["metric"], history["baseline"], history["level"]) == ("donated", "control", 0.95)
    assert history["variants"].keys() == {"deadline", "from a neighbour"}
    [found] = history["variants"]["deadline"]
    assert (found["low"], found["high"], found["provisional"], found["people"]) == (0.0021, 0.0193, False, 9_600)


def test_a_changed_definition_metric_or_baseline_begins_anew() -> None:
    before = with_history(None, gotv())
    for changed in (
        gotv(definition="other"),
        gotv(primary="opened"),
        gotv(comparisons=[comparison("donated", "control", -0.1, 0.1, baseline="deadline")]),
    ):
        changed["as_of"] = "2026-02-12T17:30:00.000Z"
        assert all(len(each) == 1 for each in with_history(before, changed)["history"]["variants"].values())


def test_without_a_comparison_there_is_no_history_and_what_there_was_stays() -> None:
    nothing: ExperimentResult = gotv(comparisons=[])
    before = with_history(None, gotv())

    assert "history" not in with_history(None, nothing)
    assert with_history(before, nothing)["history"] == before["history"]


def test_neither_result_is_changed() -> None:
    before, after = watched(gotv()), gotv(as_of="2026-03-01T00:00:00.000Z")
    there = len(before["history"]["variants"]["deadline"])

    with_history(before, after)

    assert len(before["history"]["variants"]["deadline"]) == there
    assert "history" not in after


def test_of_many_variants_there_is_one_bound_together_or_a_few_of_each() -> None:
    two = watched(gotv(), looks=400)["history"]["variants"]
    names = [f"v{number}" for number in range(40)]
    many: ExperimentResult = {
        **gotv(comparisons=[comparison("donated", name, 0.0, 0.1) for name in names]),
        "variants": {name: {"assigned": 10, "metrics": {}} for name in ("control", *names)},
    }
    of_many = watched(many, looks=60)["history"]["variants"]

    assert MAX_MOMENTS / 3 < sum(map(len, two.values())) <= MAX_MOMENTS
    assert max(map(len, of_many.values())) <= MIN_MOMENTS
