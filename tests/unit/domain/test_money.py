"""Amounts are written as people write them, whatever the currency."""

import pytest

from streams.domain.experiments.report import units
from streams.domain.messages import Money, shown
from streams.domain.money import every_currency, money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (959_940, "USD", "$9,599.40"),
        (-310, "EUR", "-€3.10"),
        (5, "GBP", "£0.05"),
        (1_234, "JPY", "JPY 1,234"),
        (-1_234, "JPY", "-JPY 1,234"),
        (1_500, "KWD", "KWD 1.500"),
        (1_500, "CHF", "CHF 15.00"),
        (0, "USD", "$0.00"),
        (-0.2, "USD", "$0.00"),
        (120.4, "USD", "$1.20"),
        (1_234_567, None, "12,345.67"),
    ],
)
def test_money_has_the_decimals_and_the_sign_of_its_currency(minor: float, currency: str | None, text: str) -> None:
    assert money(minor, currency) == text


@pytest.mark.parametrize(
    ("amounts", "text"), [({"USD": -5}, "-$0.05"), ({"CHF": 100, "EUR": 250}, "CHF 1.00 + €2.50"), ({}, "nothing")]
)
def test_several_currencies_stand_beside_each_other(amounts: dict[str, int], text: str) -> None:
    assert every_currency(amounts, "nothing") == text


def test_a_report_an_experiment_and_a_table_write_one_amount_alike() -> None:
    assert (
        units.mean("net_amount", 1_200, "JPY")
        == shown(Money(1_200, "JPY", whole=True))
        == money(1_200, "JPY")
        == "JPY 1,200"
    )
