import pytest

from benchmarks.screenshots.units import nice_steps, written


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "s", "0 s"),
        (0.0312, "s", "31.2 ms"),
        (59.94, "s", "59.9 s"),
        (600.0, "s", "10 min"),
        (0.015, "percentunit", "1.5 %"),
        (2_500_000.0, "bytes", "2.5 MB"),
        (1234.0, "cps", "1.23 k/s"),
        (7.0, "short", "7"),
        (11_603_826.0, "short", "11.6 M"),
        (100.0, "short", "100"),
    ],
)
def test_a_value_is_short_and_has_its_unit(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


@pytest.mark.parametrize(
    ("most", "steps"),
    [(0, [0, 1]), (3, [0, 1, 2, 3]), (100, [0, 25, 50, 75, 100]), (0.9, [0, 0.25, 0.5, 0.75, 1.0])],
)
def test_steps_are_round_and_reach_over_the_most(most: float, steps: list[float]) -> None:
    assert nice_steps(most) == steps
