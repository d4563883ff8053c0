"""The month of a request, at the ends of months and years."""

from datetime import date

import pytest

from streams.domain.rights.clock import answer_due, extended_due, may_have_come


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2028, 2, 29), date(2028, 3, 29), date(2028, 5, 29)),
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
        (date(2026, 12, 1), date(2027, 1, 1), date(2027, 3, 1)),
        (date(2026, 5, 31), date(2026, 6, 30), date(2026, 8, 31)),
        (date(9999, 12, 1), date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
def test_a_month_ends_on_the_same_date_or_the_last_day_of_a_shorter_month(
    received: date, due: date, extended: date
) -> None:
    assert (answer_due(received), extended_due(received)) == (due, extended)


@pytest.mark.parametrize(
    ("received", "may"),
    [
        (date(2028, 2, 29), True),
        (date(2028, 3, 1), False),
        (date(2018, 2, 28), True),
        (date(2018, 2, 27), False),
        (date(1026, 11, 25), False),
    ],
)
def test_a_request_has_come_in_the_last_ten_years(received: date, may: bool) -> None:
    assert may_have_come(received, date(2028, 2, 29)) is may
