"""Laws of an experiment's sums."""

from collections.abc import Iterable, Sequence
from typing import cast
from zlib import crc32

import numpy as np
import orjson
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.experiment_results import ExperimentResult, History, Moment
from events.experiments.metrics import METRICS
from events.outputs import Assignment
from events.registry import MESSAGES
from events.times import parse_time, render_time
from streams.demo.recount_experiments import Arm, added_up
from streams.domain.contact import ContactState, decode, encode, merge, profile
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution, packed, unpacked
from streams.domain.experiments import delta_columns as module
from streams.domain.experiments.comparison_history import (
    SHORTEST_MS,
    StoredSeries,
    with_history,
    with_moment,
    with_result,
)
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.delta_rows import add_up
from streams.domain.experiments.partials import CellKey, PartialCounts, read_partial
from streams.domain.experiments.row_layout import GROUPED_WIDTH, Ints
from tests.property.domain.contact.contributions import contributions
from tests.property.domain.contact.strategies import Feed, chunks, key
from tests.property.domain.experiments.people import RULES, Rules, all_by_the_oracle, feeds, given_by
from tests.unit.domain.contact.said import DAY, DONOR, Arrival, fold, folded
from tests.unit.domain.experiments.cells import Cell, Difference, Sums, row_of
from tests.unit.domain.experiments.example import START, comparison, gotv

COUNTED = ("y", "yy", "x", "xx", "xy", "yd", "raw")
Cells = dict[CellKey, Cell]


@given(st.lists(feeds(), min_size=1, max_size=3), RULES, RULES, st.data())
def test_differences_add_up_to_what_everybody_gives_now(
    people: list[Feed], first: Rules, then: Rules, data: st.DataObject
) -> None:
    """Each person's last step is by other rules, as in a sweep."""
    total: Cells = {}
    scratch = Difference()
    for person in people:
        state, before = ContactState(), NOTHING
        for chunk in data.draw(chunks(person.delivered)):
            state, _ = fold(state, chunk)
            before = _take(total, before, given_by(state, first, before))
        scratch.replace((), unpacked(_take(total, before, given_by(state, then))))
    event(f"cells: {len(scratch.cells)}")
    assert plain(total) == plain(scratch.cells)
    found = {where: cell for where, cell in scratch.cells.items() if cell.n}
    assert by_variant(found) == sums_of_the_oracle(people, then)


def _take(total: Cells, before: PackedContribution, after: PackedContribution) -> PackedContribution:
    step = Difference()
    step.replace(unpacked(before), unpacked(after))
    for where, cell in step.cells.items():
        add(total.setdefault(where, Cell()), cell)
    return after


def add(total: Cell, cell: Cell) -> None:
    total.n += cell.n
    total.contaminated += cell.contaminated
    for place, sums in cell.sums.items():
        known = total.sums.setdefault(place, type(sums)())
        for name in COUNTED:
            setattr(known, name, getattr(known, name) + getattr(sums, name))
    for group, (n, totals) in cell.groups.items():
        was_n, known_totals = total.groups.get(group, (0, {}))
        both = dict(known_totals)
        for place, (y, x) in totals.items():
            was_y, was_x = both.get(place, (0, 0))
            both[place] = was_y + y, was_x + x
        total.groups[group] = was_n + n, both


def plain(cells: Cells) -> dict[CellKey, object]:
    """Without what is nothing."""
    found: dict[CellKey, object] = {}
    for where, cell in cells.items():
        sums = {place: each for place, each in cell.sums.items() if any(getattr(each, name) for name in COUNTED)}
        groups = {
            group: (n, {place: each for place, each in totals.items() if any(each)})
            for group, (n, totals) in cell.groups.items()
        }
        groups = {group: each for group, each in groups.items() if each != (0, {})}
        if cell.n or sums or groups:
            found[where] = cell.n, cell.contaminated, sums, groups
    return found


def by_variant(cells: Cells) -> dict[tuple[str, str], object]:
    """All days and editions together."""
    total: dict[tuple[str, str], Cell] = {}
    for (experiment, _, variant, _), cell in cells.items():
        add(total.setdefault((experiment, variant), Cell()), cell)
    return {
        name: (
            cell.n,
            cell.contaminated,
            {METRICS[place]: figures for place, sums in cell.sums.items() if any((figures := of(sums)).values())},
        )
        for name, cell in total.items()
    }


def of(sums: Sums) -> dict[str, int]:
    return {name: getattr(sums, name) for name in COUNTED}


def sums_of_the_oracle(people: Iterable[Feed], rules: Rules) -> dict[tuple[str, str], object]:
    found = added_up(all_by_the_oracle(person.life, rules) for person in people)
    return {(name, variant): _told(arm) for name, arms in found.items() for variant, arm in arms.items()}


def _told(arm: Arm) -> object:
    return (
        arm["n"],
        arm["contaminated"],
        {name: {**sums} for name, sums in arm["metrics"].items() if any(sums.values())},
    )


WEEK, MONTH = 7 * DAY, 30 * DAY


@given(feeds(days=80), st.data())
def test_a_drop_takes_back_what_was_appended_within_a_month_of_it(feed: Feed, data: st.DataObject) -> None:
    state = ContactState()
    for chunk in data.draw(chunks(feed.delivered)):
        state, _ = fold(decode(encode(state)), chunk)
    taken = accepted(feed.delivered)
    event(f"drops: {sum(each.interaction.type == 'email.dropped' for each in taken)}")
    assert profile(DONOR, state)["experiments"] == assignments(taken)


@given(feeds(days=80))
def test_messages_that_have_settled_apart_assign_together(feed: Feed) -> None:
    """What speaks of one message or one report is of one fragment, and so is what takes it back."""
    mail = [each for each in feed.delivered if each.interaction.type in MESSAGES]
    one, other = (
        [each for each in mail if (each.interaction.data.message_id == "m") is is_one]  # type: ignore[attr-defined]
        for is_one in (True, False)
    )
    both = merge(folded(*one), folded(*other))
    assert profile(DONOR, both)["experiments"] == profile(DONOR, folded(*mail))["experiments"]


def accepted(delivered: list[Arrival]) -> list[Arrival]:
    """In the order in which they were appended, those that were no copies: a message is known for a week."""
    last: dict[tuple[str, str], int] = {}
    taken = []
    for each in delivered:
        known = last.get(key(each))
        if known is None or (each.interaction.type in MESSAGES and each.appended_at > known + WEEK):
            last[key(each)] = each.appended_at
            taken.append(each)
    return taken


def assignments(taken: list[Arrival]) -> list[Assignment]:
    """By experiment the earliest word that counts, and whether another one says something else."""
    counted = _without_later_versions([each for each in taken if not _is_retracted(each, taken)])
    carrying = [each for each in counted if _arm(each) is not None and not _is_dropped(each, counted)]
    found: dict[str, list[Arrival]] = {}
    for each in carrying:
        found.setdefault(_arm(each).id, []).append(each)  # type: ignore[attr-defined]
    return [_shown(name, found[name]) for name in sorted(found)]


def _shown(name: str, carrying: list[Arrival]) -> Assignment:
    first = carrying[0].interaction
    variant = _arm(carrying[0]).variant  # type: ignore[attr-defined]
    shown: Assignment = {"id": name, "variant": variant, "assigned_at": render_time(first.time)}
    if any(_arm(each).variant != variant for each in carrying):  # type: ignore[attr-defined]
        shown["contaminated"] = True
    return shown


def _arm(each: Arrival) -> object:
    said = each.interaction
    return None if said.type == "email.dropped" else getattr(said.data, "experiment", None)


def _is_retracted(each: Arrival, taken: list[Arrival]) -> bool:
    if each.interaction.type == "interaction.retracted":
        return True
    return any(
        (gone.source, gone.id) == key(each)
        and (each.interaction.type not in MESSAGES or other.appended_at <= each.appended_at + WEEK)
        for other in taken
        if (gone := getattr(other.interaction.data, "retracts", None)) is not None
    )


def _without_later_versions(counted: list[Arrival]) -> list[Arrival]:
    seen: set[str] = set()
    first = []
    for each in sorted(counted, key=lambda each: (each.interaction.time, *key(each))):
        name = getattr(each.interaction.data, "report_id", None)
        if name is None or name not in seen:
            first.append(each)
        seen.add(str(name))
    return first


def _is_dropped(each: Arrival, counted: list[Arrival]) -> bool:
    said = each.interaction
    return said.type.startswith("email.") and any(
        other.interaction.type == "email.dropped"
        and other.interaction.data.message_id == said.data.message_id  # type: ignore[attr-defined]
        and abs(other.appended_at - each.appended_at) <= MONTH
        for other in counted
    )


TIMES = st.lists(
    st.one_of(st.integers(0, 600_000), st.integers(0, 60 * 86_400_000)), min_size=1, max_size=40, unique=True
).map(sorted)
VARIANTS = ("deadline", "from a neighbour")
SEEN = st.lists(st.sets(st.sampled_from(VARIANTS)), min_size=40, max_size=40)


def looked(at: int, seen: set[str]) -> ExperimentResult:
    low = at / 1e9
    told = [comparison("donated", name, low, low + 0.5) for name in VARIANTS if name in seen]
    return gotv(as_of=render_time(START + at), comparisons=told)


def written(times: list[int], seen: list[set[str]], most: int) -> list[tuple[ExperimentResult, History | None]]:
    kept, found = StoredSeries(), []
    for at, names in zip(times, seen, strict=False):
        result = looked(at, names)
        kept, history = with_result("ask", kept, result, START + at, most)
        found.append((result, cast("History | None", orjson.loads(orjson.dumps(history)))))
    return found


@given(times=TIMES, most=st.integers(3, 120))
def test_it_is_what_it_would_be_thinned_at_each_look(times: list[int], most: int) -> None:
    expected: list[Moment] = []
    for at, (_, history) in zip(times, written(times, [{"deadline"}] * len(times), most), strict=True):
        now = with_history(None, looked(at, {"deadline"}))["history"]["variants"]["deadline"][0]
        expected = with_moment(expected, now, most, crc32(b"ask") % SHORTEST_MS)
        assert history is not None
        assert history["variants"] == {"deadline": expected}


@given(times=TIMES, seen=SEEN, most=st.integers(6, 120))
def test_whoever_is_compared_in_a_result_is_so_in_its_last_moment(
    times: list[int], seen: list[set[str]], most: int
) -> None:
    for (result, history), names in zip(written(times, seen, most), seen, strict=False):
        for name in names:
            assert history is not None
            moments = history["variants"][name]
            assert moments[-1] == with_history(None, result)["history"]["variants"][name][0]
            at = [parse_time(each["as_of"]) or 0 for each in moments]
            assert at == sorted(set(at))
            assert len(moments) <= most


STEPS = st.lists(st.lists(contributions(), min_size=1, max_size=3), min_size=1, max_size=4)
"""Of some people what they give, and what they give next."""


@given(STEPS, st.sampled_from([1, 80, 1 << 20]), st.sampled_from([0, 4]))
def test_columns_add_up_to_what_people_changed(steps: list[list[list[Contribution]]], most: int, often: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "MOST_BYTES", most)
        patched.setattr(module, "_OFTEN", often)
        records = list(told(steps).records())
    event(f"records: {min(len(records), 4)}")
    found, strange = add_up([read for value in records if isinstance(read := read_partial(value), PartialCounts)])
    assert strange == 0
    assert {where: wide(row) for where, row in found.items() if row.any()} == changed(steps)


def told(steps: Sequence[Sequence[Sequence[Contribution]]]) -> DeltaColumns:
    columns = DeltaColumns()
    for person in steps:
        before = NOTHING
        for given_now in person:
            columns.replace(before, after := packed(given_now))
            before = after
    return columns


def changed(steps: Sequence[Sequence[Sequence[Contribution]]]) -> dict[CellKey, list[int]]:
    whole = Difference()
    for person in steps:
        before: Sequence[Contribution] = ()
        for given_now in person:
            whole.replace(before, given_now)
            before = given_now
    rows = {where: row_of(cell) for where, cell in whole.cells.items()}
    return {where: wide(row) for where, row in rows.items() if row.any()}


def wide(row: Ints) -> list[int]:
    found: list[int] = np.pad(row, (0, GROUPED_WIDTH - len(row))).tolist()
    return found
