"""A history of which only the last moment is written anew is what it would be if all of it were."""

from typing import cast
from zlib import crc32

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.experiment_results import ExperimentResult, History, Moment
from events.times import parse_time, render_time
from streams.domain.experiments.comparison_history import (
    SHORTEST_MS,
    StoredSeries,
    with_history,
    with_moment,
    with_result,
)
from tests.unit.domain.experiments.example import START, comparison, gotv

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
