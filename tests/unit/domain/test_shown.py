"""How names, numbers and money are shown."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import streams.domain
from streams.domain.display_names import named, printable
from streams.domain.experiments.report import units
from streams.domain.messages import Money, shown
from streams.domain.money import every_currency, money


@pytest.mark.parametrize(
    "word",
    [
        *("ada@example.org", "ada%40example.org", "tel:+12125550123", "202-555-0147", "+1.202.555.0147"),
        *("x:1555:123:4567", "tel/202/555/0147", "team/2026-555-123-4567", "202_555_0147", "van/17/2012-155-512-3456"),
        *("victim-at-x.org", "list/victim.at.mail.x.org", "victim_AT_x-dot-org"),
        *("Ada Lovelace", "söurce", "\x1b[2J", "x" * 81, ""),
    ],
)
def test_what_is_no_name_is_not_shown(word: str) -> None:
    assert named(word) == "*"


@pytest.mark.parametrize(
    "word",
    [
        "digital/mailer",
        "https://digital/mailer-2",
        "email.opened",
        "van:17",
        "list/2012-11-06",
        "van/2012-11-07T10:00:00Z",
        "van/2012-11-07T10:00:00.123456+00:00",
        "donation-events/3/4711",
        "donation-events/12/2012-11-06",
        "gotv_2012_11_06_wave_12",
        "actblue:AB1-1",
        "canvass-at-home/shift.booked",
        "look-at-this",
    ],
)
def test_names_are_shown(word: str) -> None:
    assert named(word) == word


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("gotv-1", "gotv-1"),
        ("Für Ärzte 🎉", "Für Ärzte 🎉"),
        ("\x1b[2Jgone", "?[2Jgone"),
        ("two\r\nlines", "two??lines"),
        ("\u202eback\u2028", "?back?"),
    ],
)
def test_of_free_text_nothing_is_shown_that_a_terminal_obeys(text: str, seen: str) -> None:
    assert printable(text) == seen


ROOT = Path(streams.domain.__file__).parent


def test_no_two_modules_of_the_domain_define_a_public_class_of_the_same_name() -> None:
    homes = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


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
