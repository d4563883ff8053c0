"""Definitions of experiments."""

from typing import Any

import orjson
import pytest

from events.experiments import DEFAULT_METRICS, METRICS, ExperimentDefinition
from events.refusal import Reason, Refusal
from streams.domain.experiments.analysis_plan import DEFAULTS, plan_of
from streams.domain.experiments.counting_rules import DEFAULT_RULE, CountingRule
from streams.domain.experiments.definition_files import read_definitions
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
from streams.domain.file_mistakes import FileMistakes
from tests.unit.domain.experiments.writing import defined

LEAST = '[[experiment]]\nid = "ask"\nvariants = { short = 1, long = 1 }\n'


def mistakes(text: str) -> list[str]:
    found = read_definitions(text)
    assert isinstance(found, FileMistakes), found
    return [str(mistake) for mistake in found.found]


def one(text: str) -> ExperimentDefinition:
    found = read_definitions(text)
    assert not isinstance(found, FileMistakes), str(found)
    [definition] = found
    return definition


def test_two_lines_define_an_experiment_and_all_else_has_a_default() -> None:
    found = one(LEAST)
    assert (found.arms, found.baseline, found.salt, found.holdout) == (("short", "long"), "short", "ask", 0.0)
    assert (found.unit, found.window_ms, found.currency, found.winsorise) == ("contact", 7 * 86_400_000, "USD", 500_000)
    assert (found.covariate_days, found.phase, found.tuned_for) == (28, "test", 20_000)
    assert (found.metrics[0], {*found.metrics}) == ("donated", {*METRICS})
    assert found.guardrails == ("unsubscribed", "complained")


def test_everything_may_be_said() -> None:
    found = one(
        """
        [[experiment]]
        id = "ask"
        owner = "digital"
        hypothesis = "A shorter ask raises more"
        variants = { control = 45, short = 45 }
        holdout = 0.1
        baseline = "control"
        unit = "household"
        metrics = ["net_amount", "donated"]
        guardrails = ["complained"]
        window = "36h"
        currency = "EUR"
        winsorise = 100_000
        covariate_days = 0
        exclusion = { group = "fundraising", from = 0.0, to = 0.5 }
        start = 2026-02-01T00:00:00-05:00
        end = "2026-03-01T00:00:00Z"
        salt = "2026"
        tuned_for = 250_000
        phase = "rollout"
        rollout_variant = "short"
        rollout_since = 2026-02-20T00:00:00Z
        [experiment.strata]
        column = "state"
        splits.NY = { control = 1, short = 3 }
        """
    )
    assert found.arms == ("control", "short", "holdout")
    assert (found.start, found.ms("end")) == ("2026-02-01T05:00:00.000Z", 1_772_323_200_000)
    assert found.exclusion is not None
    assert (found.exclusion.from_, found.exclusion.to) == (0.0, 0.5)
    assert found.strata is not None
    assert found.strata.splits == {"NY": {"control": 1, "short": 3}}
    assert (found.baseline, found.window_ms, found.metrics) == ("control", 36 * 3_600_000, ("net_amount", "donated"))


def test_who_gets_nothing_is_what_others_are_compared_with() -> None:
    assert defined(holdout=0.1).baseline == "holdout"
    assert defined(variants={"postcard": 1}, holdout=0.5).arms == ("postcard", "holdout")


def test_donations_come_first_where_no_metric_is_named() -> None:
    assert sorted(DEFAULT_METRICS) == sorted(METRICS)
    assert DEFAULT_METRICS[:2] == ("donated", "opened")


@pytest.mark.parametrize(
    ("more", "key", "told"),
    [
        ("colour = 1", ".colour", "is not known; correct its name or take it out"),
        ("unit = 'person'", ".unit", "give 'contact', 'household' or 'turf'"),
        ("window = '1m'", ".window", 'give hours or days, "1h" to "90d"'),
        ("window = '91d'", ".window", 'give hours or days, "1h" to "90d"'),
        ("window = '0h'", ".window", 'give hours or days, "1h" to "90d"'),
        ("window = '٣d'", ".window", 'give hours or days, "1h" to "90d"'),
        ("window = 7", ".window", "give a text in quotes"),
        ("currency = 'usd'", ".currency", "is 'usd'; give three capital letters, such as USD"),
        ('currency = "USD\\n"', ".currency", "give three capital letters"),
        ("currency = 1", ".currency", "is 1; give a text in quotes"),
        ("winsorise = 0", ".winsorise", "give 1 or more"),
        ("winsorise = 1_000_001", ".winsorise", "give 1000000 or less"),
        ("winsorise = 50.0", ".winsorise", "give a whole number"),
        ("covariate_days = 366", ".covariate_days", "give 365 or less"),
        ("covariate_days = -1", ".covariate_days", "give 0 or more"),
        ("tuned_for = 1", ".tuned_for", "give 100 or more"),
        ("holdout = 10", ".holdout", "give a number from 0 to 1, such as 0.1 for 10 %"),
        ("holdout = -0.1", ".holdout", "give a number from 0 to 1, such as 0.1 for 10 %"),
        ("holdout = nan", ".holdout", "give a number from 0 to 1, such as 0.1 for 10 %"),
        ("holdout = true", ".holdout", "give a number from 0 to 1, such as 0.1 for 10 %"),
        ("holdout = 1.0", ".holdout", "is everybody; give a share below 1"),
        ("baseline = 'none'", ".baseline", "is no variant; give one of short, long"),
        ("metrics = []", ".metrics", "is empty; name at least one: see docs/experiments-running.md"),
        ("metrics = ['donated', 'donated']", ".metrics", "names donated twice; name each metric once"),
        ("metrics = ['money']", ".metrics[0]", "give 'opened', 'clicked'"),
        ("metrics = 'donated'", ".metrics", 'give a list, such as ["..."]'),
        ("guardrails = ['calm']", ".guardrails[0]", "give 'opened', 'clicked'"),
        (
            "guardrails = ['complained', 'donated', 'opened']",
            ".guardrails",
            "nobody watches opened or donated for harm; name unsubscribed or complained there, and what is to be",
        ),
        ("exclusion = { group = 'g', from = 0.5, to = 0.5 }", ".exclusion", "is empty; give a `from` that is less"),
        ("exclusion = { group = 'g', from = 0.5 }", ".exclusion.to", "is missing; add it, nothing is guessed"),
        ("exclusion = { group = 'g', from = 0, to = 2 }", ".exclusion.to", "give a number from 0 to 1"),
        ("exclusion = 'g'", ".exclusion", "give a table of its keys"),
        ("strata = {}", ".strata.column", "is missing; add it"),
        (
            "strata = { column = 's', splits = { NY = { tall = 1 } } }",
            ".strata.splits.NY",
            "names tall, which is no variant; give",
        ),
        ("strata = { column = 's', splits.NY = ['short'] }", ".strata.splits.NY", "such as { a = 1, b = 1 }"),
        ("strata = { column = 's', splits.NY = { '' = 1 } }", ".strata.splits.NY", "a name in it is empty"),
        ("phase = 'done'", ".phase", "give 'test' or 'rollout'"),
        (
            "phase = 'rollout'\nrollout_variant = 'tall'\nrollout_since = 2026-02-01T00:00:00Z",
            ".rollout_variant",
            "is no variant; give one of short, long",
        ),
        ("phase = 'rollout'\nrollout_since = 2026-02-01T00:00:00Z", ".rollout_variant", "is missing; a rollout has"),
        ("phase = 'rollout'\nrollout_variant = 'long'", ".rollout_since", "is missing; a rollout has"),
        (
            "rollout_variant = 'long'",
            ".rollout_variant",
            'is of a rollout, and phase is "test"; give phase = "rollout", or leave it',
        ),
        ("start = 2026-02-01T00:00:00", ".start", "give an RFC 3339 time with an offset"),
        ("start = 2026-02-01T00:00:00Z\nend = 2026-02-01T00:00:00Z", ".end", "is not after start; give a later end"),
        ("salt = ''", ".salt", "is empty; give at least one character: see docs"),
        ("owner = 1", ".owner", "give a text in quotes"),
        ("tuned_for = 99999999999999999999", "", "has a number that is too large; give a smaller one"),
    ],
)
def test_each_mistake_is_told_with_its_key_and_its_cure(more: str, key: str, told: str) -> None:
    [line] = mistakes(f"{LEAST}{more}\n")
    assert line.startswith(f"experiment[0]{key}: ")
    assert told in line


def test_all_that_is_wrong_is_told_at_once() -> None:
    more = """
window = "1w"
baseline = "none"
strata = { column = "s", splits = { NY = { tall = 1 }, NJ = { long = 1, odd = 1, wide = 1 } } }
phase = "rollout"
start = 2026-02-01T00:00:00Z
end = 2026-01-01T00:00:00Z
"""
    assert [line.partition("; ")[0] for line in mistakes(LEAST + more)] == [
        "experiment[0].baseline: is no variant",
        "experiment[0].window: is '1w'",
        "experiment[0].strata.splits.NY: names tall, which is no variant",
        "experiment[0].strata.splits.NJ: names odd, wide, which is no variant",
        "experiment[0].rollout_variant: is missing",
        "experiment[0].rollout_since: is missing",
        "experiment[0].end: is not after start",
    ]


@pytest.mark.parametrize(
    ("variants", "key", "told"),
    [
        ("{ short = 1 }", ".holdout", "there is one variant and no holdout; give another variant, or a share"),
        ("{}", ".variants", "is empty; name at least one"),
        ('{ "" = 1, long = 1 }', ".variants", "a name in it is empty; give at least one character: see docs"),
        ('{ "short " = 1, long = 1 }', ".variants", "'short ' has space at its ends; write it 'short'"),
        ('{ "  " = 1, long = 1 }', ".variants", "'  ' has space at its ends; give it a name that can be seen"),
        ("{ short = 0.5, long = 0.5 }", ".variants.short", "give a whole number from 1 to 1,000,000: two equal halves"),
        ("{ short = 0, long = 1 }", ".variants.short", "give a whole number"),
        ("{ short = true, long = 1 }", ".variants.short", "give a whole number"),
        ("{ short = 1, holdout = 1 }", ".variants", "take it out of variants and give their share of everybody"),
        (
            '["short", "long"]',
            ".variants",
            "is no table of weights; give each variant its weight, such as { a = 1, b = 1 }",
        ),
    ],
)
def test_variants_are_weights_by_name(variants: str, key: str, told: str) -> None:
    first, *_ = mistakes(f'[[experiment]]\nid = "ask"\nvariants = {variants}\n')
    assert first.startswith(f"experiment[0]{key}: ")
    assert told in first


def test_what_is_needed_is_asked_for_and_nothing_else() -> None:
    assert [line.partition(";")[0] for line in mistakes("[[experiment]]\n")] == [
        "experiment[0].id: is missing",
        "experiment[0].variants: is missing",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id = ", "the file: is not TOML: "),
        ("", "the file: has no table [[experiment]]; give one for each experiment"),
        ("[experiment]\nid = 'x'\n", "the file: has no table [[experiment]]"),
        (f"owner = 'me'\n{LEAST}", "owner: is in no experiment; put it below a line [[experiment]]"),
        ("[[experiments]]\nid = 'x'\n", "experiments: is not known; rename [[experiments]] to [[experiment]]"),
        (f"{LEAST}{LEAST}", "experiment[1].id: ask is there twice; define it once"),
    ],
)
def test_a_file_that_is_none_is_told_so(text: str, told: str) -> None:
    [line] = mistakes(text)
    assert line.startswith(told)


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
