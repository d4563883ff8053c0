from datetime import date
from typing import get_args

import pytest

from streams.history.insights.spans import HOUR_MS, By, Span, day_of, day_span, index_of, period_starts

NEW_YORK = "America/New_York"
SPRING, AUTUMN = date(2012, 3, 11), date(2012, 11, 4)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2012, 2, 22), 24)])
def test_a_day_has_the_length_it_has_in_its_time_zone(day: date, hours: int) -> None:
    span = day_span(day, NEW_YORK)

    assert span.until - span.since == hours * HOUR_MS
    assert len(period_starts("hour", span, NEW_YORK)) == hours
    assert period_starts("day", span, NEW_YORK) == [span.since]


def test_a_week_is_seven_days_of_its_zone_across_a_change_of_the_clocks() -> None:
    span = Span(day_span(date(2012, 3, 7), NEW_YORK).since, day_span(date(2012, 3, 20), NEW_YORK).until)

    weeks = period_starts("week", span, NEW_YORK)

    assert [day_of(start, NEW_YORK) for start in weeks] == [date(2012, 3, 5), date(2012, 3, 12), date(2012, 3, 19)]
    assert weeks[1] - weeks[0] == 7 * 24 * HOUR_MS - HOUR_MS


@pytest.mark.parametrize("by", get_args(By))
def test_every_time_of_a_span_lies_in_one_of_its_parts(by: By) -> None:
    whole = day_span(AUTUMN, "Asia/Kathmandu")
    span = Span(whole.since + 1_234_567, whole.until - 7_654_321)

    beginnings = period_starts(by, span, "Asia/Kathmandu")

    assert index_of(span.since, beginnings) == 0
    assert index_of(span.until - 1, beginnings) == len(beginnings) - 1


def test_a_span_names_the_utc_dates_that_it_touches() -> None:
    assert day_span(date(2012, 2, 22), NEW_YORK).utc_dates() == ("2012-02-22", "2012-02-23")
    assert day_span(date(2012, 2, 22), "UTC").utc_dates() == ("2012-02-22", "2012-02-22")
