import pytest

from benchmarks.screenshots.units import written


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
