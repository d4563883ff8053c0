import pytest

from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import interval_verdict


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0412, "4.12 %"),
        ("opened", 245.3, "24.53 %"),
        ("net_amount", 120550.4, "$1,205.50"),
        ("net_amount", -310.0, "-$3.10"),
        ("donated", None, "-"),
    ],
)
def test_a_mean_is_in_per_cent_or_money(metric: str, value: float | None, text: str) -> None:
    assert units.mean(metric, value, "USD") == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0107, "+1.07 pp"),
        ("opened", -12.0, "-1.20 pp"),
        ("net_amount", 70.4, "+$0.70"),
        ("net_amount", -0.4, "$0.00"),
        ("voted", 0.0, "0.00 pp"),
    ],
)
def test_an_effect_has_its_sign_and_nought_has_none(metric: str, value: float, text: str) -> None:
    assert units.effect(metric, value, "USD") == text


def test_an_interval_has_both_ends() -> None:
    assert units.interval("donated", -0.0071, 0.0193, "USD") == "-0.71 to +1.93"
    assert units.interval("net_amount", -48.0, 57.5, "USD") == "-$0.48 to +$0.57"


def test_a_total_is_of_people_acts_or_money() -> None:
    found = [units.total(metric, 1_923_400, "USD") for metric in ("donated", "opened", "net_amount")]
    assert found == ["1,923,400", "1,923.4", "$19,234.00"]


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
