"""What few people did is in no table of a day, and follows from none."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.domain.messages import Field, Money, english
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    EventAttendance,
    HeldBackCount,
    MoneyPart,
    Pledges,
    SendResults,
)
from streams.history.daily_report.tables import MOST_ROWS, UNKNOWN, figure_tables
from streams.services.console.day_cells import ShownTable, shown_headlines, shown_tables, shown_warnings
from streams.services.console.rights import FEWEST

QUIET = DayFigures("2012-11-05", (), (), (), Pledges(0, 0, 0, 0, 0, 0), (), (), (), (), (), ())


def report(day: DayFigures, before: DayFigures = QUIET) -> DailyReport:
    return DailyReport("UTC", 0, day, before)


def table(of: DailyReport, code: str) -> ShownTable:
    return next(each for each in shown_tables(of) if each.table.title.code == code)


def rows(of: DailyReport, code: str) -> list[tuple[Field, ...]]:
    return [*table(of, code).table.rows]


def usd(gifts: int, gross: int, donors: int, new: int, refunded: int = 0) -> tuple[CurrencyTotals, ...]:
    return (CurrencyTotals("USD", gifts, gross, refunded, donors, new),)


def test_the_money_of_few_gifts_is_told_by_no_row_headline_change_or_warning() -> None:
    few, many = replace(QUIET, money=usd(3, 5_000, 3, 1)), replace(QUIET, money=usd(40, 90_000, 30, 12))
    shown = rows(report(few, many), "report.money")
    assert [row[1] for row in shown] == [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 3, UNKNOWN, UNKNOWN]
    assert shown[0][2:] == (Money(90_000, "USD"), UNKNOWN)
    headlines = {each.name.code: (each.value, english(each.name)) for each in shown_headlines(report(few, many))}
    assert headlines["report.gross"][0] == headlines["report.net"][0] == headlines["report.new_donors"][0] == UNKNOWN
    told = [english(each) for each in shown_warnings(report(few, many))]
    assert told == ["Gross fell by three tenths or more since the week before, of fewer than ten gifts."]
    assert [row[2] for row in rows(report(many, few), "report.money")][:4] == [UNKNOWN] * 4


def test_money_of_many_is_shown_as_it_was() -> None:
    of = report(replace(QUIET, money=usd(40, 90_000, 30, 12)), replace(QUIET, money=usd(50, 80_000, 30, 12)))
    shown = table(of, "report.money")
    assert (shown.table, shown.hides) == (figure_tables(of)[0], False)


@pytest.mark.parametrize("new", [3, 27])
def test_of_new_donors_or_others_below_ten_neither_is_told(new: int) -> None:
    shown = rows(report(replace(QUIET, money=usd(40, 90_000, 30, new))), "report.money")
    assert [row[1] for row in shown][-2:] == [30, UNKNOWN]


def test_a_refcode_of_few_gifts_stands_together_with_the_next_larger_one() -> None:
    parts = tuple(MoneyPart(name, "USD", gifts, gifts * 100, 0) for name, gifts in (("a", 50), ("b", 12), ("c", 3)))
    before = (MoneyPart("a", "USD", 4, 400, 0), MoneyPart("z", "USD", 40, 4_000, 0), MoneyPart("y", "USD", 90, 1, 0))
    shown = rows(report(replace(QUIET, refcodes=parts), replace(QUIET, refcodes=before)), "report.refcodes")
    assert shown[0] == ("a", 50, Money(5_000, "USD"), Money(5_000, "USD"), UNKNOWN)
    assert (english(shown[1][0]), *shown[1][1:3]) == ("2 with few gifts, together", 15, Money(1_500, "USD"))  # type: ignore[arg-type]
    assert len(shown) == 2


def test_who_was_met_in_small_turfs_is_told_together_and_attempts_are_told_of_each() -> None:
    talks = (CanvassResults("t1", 100, 40, 9), CanvassResults("t2", 30, 11, 4), CanvassResults("t3", 8, 2, 1))
    before = (CanvassResults("t1", 90, 5, 1), CanvassResults("t2", 90, 50, 1), CanvassResults("t4", 90, 50, 1))
    shown = rows(report(replace(QUIET, turfs=talks), replace(QUIET, turfs=before)), "report.turfs")
    assert [row[1] for row in shown] == [100, 30, 8, 38]
    assert [row[2] for row in shown] == [40, UNKNOWN, UNKNOWN, 13]
    assert [row[5] for row in shown] == [9, UNKNOWN, UNKNOWN, 5]
    assert shown[0][4] == UNKNOWN
    assert english(shown[3][0]) == "2 with few people, together"  # type: ignore[arg-type]


def test_what_few_gifts_brought_a_sending_is_not_told_nor_the_next_from_which_it_would_follow() -> None:
    sends = tuple(
        SendResults(name, ("email",), 1_000, 0, 0, 0, {"USD": gifts * 100}, 1_000, gifts)
        for name, gifts in (("a", 50), ("b", 3))
    )
    of = report(replace(QUIET, sends=sends, money=usd(60, 90_000, 30, 12)))
    assert [row[6:] for row in rows(of, "report.messages")][1] == (UNKNOWN, UNKNOWN)
    alone = report(replace(QUIET, sends=sends, money=usd(53, 90_000, 30, 12)))
    assert [row[6:] for row in rows(alone, "report.messages")] == [(UNKNOWN, UNKNOWN)] * 2


def test_an_event_of_few_people_and_small_counts_of_people_are_not_told() -> None:
    meetings = (EventAttendance("hall", 30, 20, 4, 2), EventAttendance("kitchen", 6, 4, 2, 0))
    held = (HeldBackCount("deny", "hard_bounced", "email", 12, 3), HeldBackCount("deny", "erased", None, 2))
    of = report(replace(QUIET, meetings=meetings, held=held, pledges=Pledges(40, 3, 12, 0, 1, 12)))
    assert [row[1:] for row in rows(of, "report.shifts")][1] == (UNKNOWN,) * 5
    assert rows(of, "report.shifts")[0][1] == 30
    assert [row[2:] for row in rows(of, "report.held_back")] == [(12, UNKNOWN), (UNKNOWN, 0)]
    assert [row[1:] for row in rows(of, "report.pledges")] == [(40, 0, 0), (UNKNOWN, UNKNOWN, 0), (12, 12, 0)]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=16))
def test_no_small_number_of_met_people_follows_from_the_others_and_the_sum(met: Sequence[int]) -> None:
    talks = tuple(CanvassResults(f"t{place}", 40, count, 0) for place, count in enumerate(met))
    shown = rows(report(replace(QUIET, turfs=talks)), "report.turfs")
    units = [*met[:MOST_ROWS], *([sum(met[MOST_ROWS:])] if met[MOST_ROWS:] else [])]
    own = [row[2] for row in shown[: len(units)]]
    told = [count for count in own if isinstance(count, int)]
    assert all(count == 0 or count >= FEWEST for count in told)
    hidden = [count for count, cell in zip(units, own, strict=True) if cell == UNKNOWN]
    if hidden and sum(met) >= FEWEST:
        assert sum(hidden) == sum(met) - sum(told) >= FEWEST
        assert len(hidden) > 1
    assert [row[2] for row in shown[len(units) :]] == ([sum(hidden)] if sum(hidden) >= FEWEST else [])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=16))
def test_no_small_number_of_gifts_follows_from_the_others_and_the_sum(gifts: Sequence[int]) -> None:
    parts = tuple(MoneyPart(f"r{place}", "USD", count, 100 * count, 0) for place, count in enumerate(gifts))
    shown = rows(report(replace(QUIET, refcodes=parts)), "report.refcodes")
    told = [row[1] for row in shown if isinstance(row[1], int)]
    assert all(count == 0 or count >= FEWEST for count in told)
    assert sum(told) == sum(gifts) or 0 < sum(gifts) < FEWEST
