import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.history.chart_axis import axis_steps

VALUES = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 4))


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 0, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 100, [0, 25, 50, 75, 100]),
        (0, 0.9, [0, 0.25, 0.5, 0.75, 1.0]),
        (-1.2, 3.7, [-2, 0, 2, 4]),
        (-0.9, -0.1, [-1.0, -0.8, -0.6, -0.4, -0.2, 0.0]),
    ],
)
def test_axis_steps_are_round_and_cover_both_ends(low: float, high: float, found: list[float]) -> None:
    assert axis_steps(low, high) == pytest.approx(found)


@given(ends=st.tuples(VALUES, VALUES).map(sorted))
def test_axis_steps_are_few_and_enclose_every_value(ends: list[float]) -> None:
    low, high = ends
    found = axis_steps(low, high)
    slack = (found[-1] - found[0]) * 1e-6

    assert 2 <= len(found) <= 7
    assert found[0] <= low + slack
    assert high <= found[-1] + slack
