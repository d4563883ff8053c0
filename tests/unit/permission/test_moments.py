"""Which times may be asked about, to the millisecond."""

import pytest

from streams.permission.moments import out_of_reach

MINUTE, DAY = 60_000, 86_400_000
NOW = 1_770_224_400_000


@pytest.mark.parametrize("ahead", [-5 * MINUTE, -1, 0, 1, 7 * DAY])
def test_a_time_about_now_or_within_a_week_may_be_asked_about(ahead: int) -> None:
    assert out_of_reach(NOW + ahead, NOW) is None


@pytest.mark.parametrize(
    ("ahead", "why"),
    [
        (-5 * MINUTE - 1, "is more than 5 minutes ago: leave it out"),
        (-400 * DAY, "is more than 5 minutes ago: leave it out"),
        (7 * DAY + 1, "is more than 7 days ahead: "),
        (400 * DAY, "is more than 7 days ahead: "),
    ],
)
def test_any_other_may_not(ahead: int, why: str) -> None:
    assert (out_of_reach(NOW + ahead, NOW) or "").startswith(why)


def test_a_reservation_must_last_until_the_time_that_is_asked_about() -> None:
    assert out_of_reach(NOW + MINUTE, NOW, reserve_ms=MINUTE) is None
    assert out_of_reach(NOW - MINUTE, NOW, reserve_ms=1) is None
    assert (out_of_reach(NOW + MINUTE + 1, NOW, reserve_ms=MINUTE) or "").startswith("is after the end of the res")
