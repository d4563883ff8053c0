"""Definitions keep what they say through files, and their editions tell whether they say the same."""

import tomllib
from random import Random
from typing import Any

import orjson
from hypothesis import event, given
from hypothesis import strategies as st

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.definition_files import (
    definition_json,
    definition_table,
    definition_toml,
    read_segment,
    read_segments,
    read_segments_json,
)
from streams.domain.segments.resolution import canonical, edition_of, resolve
from tests.property.domain.segments.definitions import CONDITIONS, Table, groups, policies, read, tables

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
