"""Records of `experiment-definitions`, and the rule that each of them makes."""

from typing import Any

import orjson
import pytest

from events.experiments import ExperimentDefinition
from events.refusal import Reason, Refusal
from streams.domain.experiments.analysis_plan import DEFAULTS, plan_of
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.domain.experiments.definition_records import (
    changed_fields,
    definition_record,
    edition_of,
    fold_definition,
    missing_definitions,
    planned_shares,
    read_definition,
    rule_of,
    withdrawal_record,
)
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
