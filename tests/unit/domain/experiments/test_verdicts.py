import pytest

from streams.domain.experiments.report.headline import interval_verdict


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("donated", 0.001, 0.02, "better"),
        ("donated", -0.02, -0.001, "worse"),
        ("donated", -0.001, 0.02, "not yet known"),
        ("donated", 0.0, 0.02, "not yet known"),
        ("unsubscribed", 0.001, 0.02, "worse"),
        ("complained", -0.02, -0.001, "better"),
    ],
)
def test_a_word_is_about_all_of_the_interval(metric: str, low: float, high: float, word: str) -> None:
    assert interval_verdict(metric, low, high) == word
