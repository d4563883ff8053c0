"""However often an experiment is looked at, its history is bounded, and holds nothing that was not said."""

from hypothesis import given
from hypothesis import strategies as st

from events.experiment_results import Moment
from events.times import parse_time, render_time
from streams.domain.experiments.comparison_history import with_moment

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
