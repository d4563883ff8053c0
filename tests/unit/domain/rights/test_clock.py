"""The month of a request, at the ends of months and years."""

from datetime import date

import pytest

from streams.domain.rights.clock import answer_due, extended_due


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2028, 2, 29), date(2028, 3, 29), date(2028, 5, 29)),
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
        (date(2026, 12, 1), date(2027, 1, 1), date(2027, 3, 1)),
        (date(2026, 5, 31), date(2026, 6, 30), date(2026, 8, 31)),
    ],
)
def test_a_month_ends_on_the_same_date_or_the_last_day_of_a_shorter_month(
    received: date, due: date, extended: date
) -> None:
    assert (answer_due(received), extended_due(received)) == (due, extended)
