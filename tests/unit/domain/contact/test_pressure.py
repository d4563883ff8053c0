"""What touches cost, and how it wears off."""

import pytest

from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, profile_of, report, said


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
