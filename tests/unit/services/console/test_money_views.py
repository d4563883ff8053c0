"""What `/money` shows: sums of few gifts stand together, limits are those of the policy."""

from streams.services.console.desk import Desk
from streams.services.console.desk_people import CommitteeStock, Limit
from streams.services.console.desk_reading import Gifts
from streams.services.console.desk_schema import HOUR_MS
from streams.services.console.pages.money import (
    flow,
    hour_chart,
    hour_rows,
    limits_of,
    money_rows,
    stock_rows,
)
from streams.services.console.rights import EVERYTHING
from streams.services.console.words import Words
from tests.unit.services.console.evening import NOW, limiting_policy

EN = Words("en")


def gifts(name: str, count: int, amount: int, refunded: int = 0, start_ms: int | None = None) -> Gifts:
    return Gifts((name,), start_ms, count, {"USD": amount}, int(refunded > 0), {"USD": refunded}, 0, 0)


def test_hours_committees_and_sources_add_up_to_the_day(desk: Desk) -> None:
    found = flow(desk, NOW, EVERYTHING)
    assert sum(each.gifts for each in found.hours) == found.whole.gifts
    for each in found.by.values():
        assert sum(one.net.get("USD", 0) for one in each) == found.whole.net["USD"]
    shown = [*money_rows(found.by["committee"], EN)]
    assert sum(row.net["USD"] for row in shown) == found.whole.net["USD"]


def test_refunds_lower_the_net_and_few_gifts_stand_together() -> None:
    rows = [*money_rows([gifts("a", 50, 5_000, 500), gifts("b", 12, 900), gifts("c", 3, 100)], EN)]
    assert [(row.name, row.net["USD"], row.together) for row in rows] == [
        ("a", 4_500, 0), ("2 with few gifts, together", 1_000, 2),
    ]  # fmt: skip


def test_no_gift_follows_from_the_total_where_other_hours_have_refunds_alone() -> None:
    refunds = [gifts("", 0, 0, 70, start_ms=place * HOUR_MS) for place in range(9)]
    rows = [*hour_rows([*refunds, gifts("", 1, 25, start_ms=9 * HOUR_MS), gifts("", 90, 900, start_ms=10 * HOUR_MS)])]
    assert [(row.start_ms, row.gifts, row.hours) for row in rows] == [(None, 91, 11)]


def test_of_fewer_than_ten_gifts_in_all_nothing_is_shown() -> None:
    assert not [*money_rows([gifts("a", 4, 100), gifts("b", 2, 10)], EN)]


def test_hours_of_few_gifts_are_one_line_and_no_column() -> None:
    starts = [place * HOUR_MS for place in range(3)]
    rows = [*hour_rows([gifts("", count, 10, start_ms=at) for at, count in zip(starts, (40, 12, 2), strict=True)])]
    assert [(row.start_ms, row.gifts, row.hours) for row in rows] == [(0, 40, 1), (None, 14, 2)]
    assert hour_chart(rows, starts, "USD", EN).count('class="unknown"') == 2


def test_a_line_of_hours_with_fewer_than_ten_gifts_together_has_no_sums() -> None:
    [row] = hour_rows([gifts("", 4, 10, start_ms=0), gifts("", 2, 10, start_ms=HOUR_MS)])
    assert (row.gifts, row.net, row.hours) == (None, None, 2)


def test_a_committee_with_few_givers_stands_with_another() -> None:
    stock = [CommitteeStock(name, "", {"USD": net}, people) for name, net, people in
             (("a", 900, 90), ("b", 200, 20), ("c", 10, 2))]  # fmt: skip
    rows = [*stock_rows([*stock, CommitteeStock("a", "2012", {"USD": 5}, 1)], EN)]
    assert [(row.name, row.net["USD"], row.people) for row in rows] == [
        ("a", 900, 90), ("2 with few givers, together", 210, 22),
    ]  # fmt: skip


def test_limits_are_those_of_the_policy_for_what_was_given_to() -> None:
    stock = [CommitteeStock("C00431445", "2012-general", {}, 1), CommitteeStock("C00431445", "", {}, 1),
             CommitteeStock("C9", "2012-general", {}, 1)]  # fmt: skip
    assert limits_of(limiting_policy().giving, stock) == [Limit("C00431445", "2012-general", "USD", 250_000)]
