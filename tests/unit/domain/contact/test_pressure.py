"""What touches cost, and how it wears off."""

import pytest

from streams.domain.contact import profile
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, folded, profile_of, report, said


def sent(id_: str, time: int = NOON, purpose: str = "fundraising") -> Arrival:
    return said("email.sent", id_, time, message_id=id_, purpose=purpose)


@pytest.mark.parametrize(
    ("arrival", "points"),
    [
        (report("1", method="door"), {"door": 3000}),
        (report("1", method="phone"), {"phone": 2000}),
        (report("1", method="text"), {"text": 1500}),
        (said("text.sent", message_id="m"), {"text": 1500}),
        (report("1", method="letter"), {"letter": 500}),
        (sent("1"), {"email": 1000}),
        (sent("1", purpose="transactional"), {"email": 0}),
    ],
)
def test_each_channel_has_its_cost(arrival: Arrival, points: dict[str, int]) -> None:
    assert profile_of(arrival)["pressure"] == {"points": points, "as_of": "2012-03-01T12:00:00.000Z"}


def test_a_touch_weighs_half_after_a_week_and_less_later() -> None:
    ages = [0, 7 * DAY, 14 * DAY, 30 * DAY, 30 * DAY + 1]
    known = profile_of(*(sent(f"{age}", NOON - age) for age in ages))
    assert known["pressure"]["points"] == {"email": 1000 + 500 + 250 + 51}


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (28 * DAY, 188),  # 187.5 goes up
        (DAY, 2717),  # 2717.17
        (HOUR // 60, 3000),  # 2999.79
        (84 * HOUR, 2121),  # half a week: 3000 / √2 = 2121.32
    ],
)
def test_what_a_touch_costs_is_halved_every_week_and_rounded(age: int, left: int) -> None:
    known = profile_of(report("1", NOON - age), sent("2"))["pressure"]
    assert known["points"] == {"door": left, "email": 1000}


def test_each_touch_is_rounded_for_itself() -> None:
    known = profile_of(report("1", NOON, method="phone"), sent("2", NOON - HOUR), sent("3", NOON - 2 * HOUR))
    assert known["pressure"]["points"] == {"phone": 2000, "email": 996 + 992}


def test_without_a_touch_there_is_no_pressure_and_no_time() -> None:
    assert profile_of(said("email.opened", message_id="m"))["pressure"] == {"points": {}, "as_of": None}
    assert profile(DONOR, folded())["pressure"] == {"points": {}, "as_of": None}
