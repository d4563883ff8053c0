"""Definitions of segments as tables, made by chance of conditions on what happens in `histories`."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.pressure.policy_values import parse_span
from streams.domain.segments.condition_values import LONGEST_ACTS
from streams.domain.segments.conditions import (
    SegmentDefinition,
)
from streams.domain.segments.definition_files import read_segment
from streams.domain.segments.resolution import Segment, resolve
from tests.property.choices import below

Table = dict[str, Any]

CHANNELS = ("email", "text", "phone", "door", "letter")
WINDOW = st.sampled_from(["36h", "7d", "20d", "40d", "90000m"])


def _table(
    required: Mapping[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Table]:
    may = {name: st.one_of(st.none(), values, values) for name, values in optional.items()}
    return st.fixed_dictionaries({**required, **may}).map(_without_none)


def _without_none(table: Table) -> Table:
    return {name: value for name, value in table.items() if value is not None}


def _few(*values: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


_HOW = _few("at_least", "at_least", "at_most", "above", "below", "is", "between")


@st.composite
def _compared(draw: st.DrawFn, tables: st.SearchStrategy[Table], numbers: st.SearchStrategy[float]) -> Table:
    how = draw(_HOW)
    if how == "between":
        low, high = sorted([draw(numbers), draw(numbers)])
        return draw(tables) | {"at_least": low, "at_most": high}
    return draw(tables) | {how: draw(numbers)}


_SCOPE = {"within": WINDOW, "committee": _few("C1")}
_ACTS = {"within": _few("1h", "36h", "7d", "30d", "400d")}
CONDITIONS: st.SearchStrategy[Table] = st.one_of(
    _compared(_table({"gifts": _few("count")}, currency=_few("USD"), **_SCOPE), st.integers(0, 3)),
    _compared(_table({"gifts": _few("sum", "net")}, currency=_few("USD", "EUR"), **_SCOPE), st.integers(-3, 9)),
    _compared(
        _table({"canvass": _few("attempts", "contacts")}, method=_few("door", "phone"), within=WINDOW),
        st.integers(0, 3),
    ),
    _compared(
        _table(
            {"touches": _few("count"), "within": _few("36h", "7d", "20d", "30d")},
            channel=_few(*CHANNELS),
            purpose=_few("fundraising", "informational", "transactional"),
            team=_few("team", "digital"),
        ),
        st.integers(0, 4),
    ),
    _compared(_table({"opens": _few("human")}, **_ACTS), _few(0, 0.5, 0.863, 1, 2)),
    _compared(_table({"clicks": _few("human")}, **_ACTS), _few(0, 0.5, 0.76, 1)),
    _compared(_table({"opens": _few("all")}, within=_few("1h", "36h", "6d")), st.integers(0, 2)),
    _compared(_table({"clicks": _few("all")}, within=_few("1h", "36h", "6d")), st.integers(0, 2)),
    _table({"unanswered_mails": st.integers(1, 4)}),
    _table({"support": st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True)}),
    _table({"tag": _few("host", "driver", "nobody")}),
    _table({"channel": _few(*CHANNELS), "is": _few("open", "closed")}),
    _table({"consent": _few(*CHANNELS), "is": st.booleans()}),
    _table({"region": _few("US-NY", "US-OH", "US-CA")}),
    _table({"postal_code": _few("1", "10001", "44", "449", "9")}),
    _table({"age_band": _few("25-34", "65+")}),
    _table({"sex": _few("f", "m")}),
    _table({"polling_station": _few("0012", "0013")}),
    _table({"ballot": _few("e", "f"), "status": st.lists(_few("requested", "voted", "sent"), min_size=1, unique=True)}),
    _table({"experiment": _few("x", "y")}, variant=_few("A", "B")),
    _table({"seen": _few("first", "last"), "within": WINDOW}),
)


def groups(leaves: st.SearchStrategy[Table] = CONDITIONS) -> st.SearchStrategy[Table]:
    """Groups of conditions, nested up to three deep."""
    return st.recursive(_group(leaves), lambda inner: _group(st.one_of(leaves, inner)), max_leaves=4)


def _group(parts: st.SearchStrategy[Table]) -> st.SearchStrategy[Table]:
    lists = st.lists(parts, min_size=1, max_size=3)
    sections = ("all", "any", "none")
    found = [names for size in range(1, 4) for names in combinations(sections, size)]
    with_names = {frozenset(names): st.fixed_dictionaries(dict.fromkeys(names, lists)) for names in found}
    return st.frozensets(st.sampled_from(sections), min_size=1).flatmap(with_names.__getitem__)


@st.composite
def tables(draw: st.DrawFn, most: int = 6) -> list[Table]:
    """Definitions of segments, some of which refer to those before them."""
    return [{"id": f"s{number}"} | draw(_groups_after(number)) for number in range(1 + draw(below(most)))]


@cache
def _groups_after(number: int) -> st.SearchStrategy[Table]:
    """Groups that may refer to any of the first `number` segments."""
    references = [st.just({"segment": f"s{before}"}) for before in range(number)]
    return groups(st.one_of(CONDITIONS, CONDITIONS, *references))


_SEVERAL = st.lists(CONDITIONS, min_size=4, max_size=12)


@st.composite
def questions(draw: st.DrawFn) -> list[Table]:
    """Segments of one condition each, and some that are put together of several."""
    alone = draw(_SEVERAL)
    return [*({"id": f"alone{number}", "all": [each]} for number, each in enumerate(alone)), *draw(tables(3))]


def windows_of(found: list[Table]) -> set[int]:
    """The windows that definitions use (ms)."""
    named = {parse_span(window) for window in re.findall(r"'within': '(\w+)'", str(found))}
    return named | ({LONGEST_ACTS} if "unanswered_mails" in str(found) else set())


def policies() -> st.SearchStrategy[Policy]:
    """The default policy, or one that closes more."""
    sides = {"sender_stop": _few("sender", "everyone"), "list_stop": _few("list", "everyone")}
    return st.builds(
        _policy,
        _table({}, **sides, soft_bouncing=_few("allow", "deny"), needs_consent=_few([], ["text", "email"])),
        _table({}, unsubscribed=_few(["text"]), consent_withdrawn=_few(["letter"]), complained=_few(["door"])),
        st.dictionaries(_few(*CHANNELS), _few("allow", "deny"), max_size=3),
    )


def _policy(closures: Table, also: Table, unknown: Table) -> Policy:
    said = default_policy().model_dump(mode="json")
    return changed(said, closures, also, unknown)


def changed(said: Table, closures: Table, also: Table, unknown: Table) -> Policy:
    policy = default_policy()
    sections = policy.closures.model_dump() | closures
    sections["also_closes"] = said["closures"]["also_closes"] | also
    update = {
        "closures": type(policy.closures).model_validate(sections),
        "unknown": type(policy.unknown).model_validate(policy.unknown.model_dump() | unknown),
    }
    return policy.model_copy(update=update)


def read(found: list[Table]) -> list[SegmentDefinition]:
    definitions = []
    for table in found:
        definition = read_segment(table)
        assert not isinstance(definition, FileMistakes), (table, str(definition))
        definitions.append(definition)
    return definitions


def resolved(found: list[Table], policy: Policy | None = None) -> dict[str, Segment]:
    """Those that can be judged: some have too many conditions."""
    return {**resolve(read(found), channel_rules(policy or default_policy())).segments}
