"""Caps, gaps, the budget of points and reservations: what is told, of which touches, and until when."""

import pytest

from events.interactions.base import Channel
from events.outputs import Touch
from streams.domain.pressure import Decision, Policy, Reservation, decide
from tests.unit.domain.pressure.people import DAY, HOUR, MINUTE, NOON, asking, person, ruled, shown, touch, unlimited


def asked(under: Policy, touches: list[Touch], channel: Channel = "email", **more: str) -> Decision:
    return decide(person(touches=touches), under, asking(channel, **more), NOON)  # type: ignore[arg-type]


def test_a_cap_counts_the_touches_of_its_window_and_names_each() -> None:
    capped = unlimited(caps__email=[{"window": "7d", "at_most": 2}])
    new, old, older = touch(NOON - DAY), touch(NOON - 7 * DAY + 1), touch(NOON - 7 * DAY)
    assert ruled(asked(capped, [new, older])) == ("allow", "ok")
    decision = asked(capped, [new, old, older])
    assert ruled(decision) == ("defer", "cap")
    assert decision.evidence == (shown(new), shown(old))
    assert (decision.earliest_at, decision.expires_at) == (NOON + 1, None)


def test_a_cap_of_one_purpose_counts_no_other() -> None:
    capped = unlimited(
        caps__email=[{"window": "30d", "at_most": 100}, {"window": "7d", "at_most": 1, "purpose": "fundraising"}]
    )
    assert ruled(asked(capped, [touch(NOON - DAY, purpose="informational")])) == ("allow", "ok")
    assert ruled(asked(capped, [touch(NOON - DAY)])) == ("defer", "cap")
    assert ruled(asked(capped, [touch(NOON - DAY)], purpose="mobilisation")) == ("allow", "ok")


@pytest.mark.parametrize(
    ("gap", "last", "reason"),
    [
        ({"gaps__email": "20h"}, touch(NOON - HOUR), "gap"),
        ({"gaps__across_channels": "20h"}, touch(NOON - HOUR, "text"), "gap_across_channels"),
        ({"gaps__across_teams": "20h"}, touch(NOON - HOUR, "email", team="field"), "gap_across_teams"),
        ({"gaps__across_teams": "20h"}, touch(NOON - HOUR, "text", team="field"), "gap_across_teams"),
    ],
)
def test_a_gap_is_kept_from_the_last_touch_on(gap: dict[str, object], last: Touch, reason: str) -> None:
    decision = asked(unlimited(**gap), [last])
    assert (*ruled(decision), decision.evidence) == ("defer", reason, (shown(last),))
    assert decision.earliest_at == NOON + 19 * HOUR


def test_points_decay_until_there_is_room_for_what_the_touch_costs() -> None:
    """Two visits less than 6,000 points: a week later 3,000 are left, and a third visit makes the budget full."""
    budget = unlimited(points={"budget": 6000})
    visits = [touch(NOON, "door", id_="1"), touch(NOON, "door", id_="2")]
    decision = asked(budget, visits, "door")
    assert (*ruled(decision), decision.evidence) == ("defer", "pressure", (shown(visits[1]), shown(visits[0])))
    assert decision.earliest_at is not None
    assert abs(decision.earliest_at - NOON - 7 * DAY) < 10 * MINUTE  # each weighs half a point less than 1500.5
    assert ruled(asked(budget, visits[:1], "door")) == ("allow", "ok")


def test_what_others_hold_is_waited_for() -> None:
    held = [Reservation("text", "field", NOON - MINUTE, NOON + MINUTE)]
    decision = decide(person(), unlimited(), asking(), NOON, reserved=held)
    assert decision == Decision("defer", "reserved", (), NOON + MINUTE, None, decision.ref)
    assert decide(person(), unlimited(), asking(), NOON + MINUTE, reserved=held).decision == "allow"
    assert ruled(decide(None, unlimited(), asking(), NOON, reserved=held)) == ("defer", "reserved")


def test_a_limit_that_is_reached_is_told_before_a_reservation() -> None:
    capped = unlimited(caps__email=[{"window": "1d", "at_most": 1}])
    held = [Reservation("email", "field", NOON - MINUTE, NOON + 2 * DAY)]
    decision = decide(person(touches=[touch(NOON - HOUR)]), capped, asking(), NOON, reserved=held)
    assert (decision.reason, decision.earliest_at) == ("cap", NOON + 2 * DAY)


def test_a_touch_without_a_time_is_refused_aloud() -> None:
    broken = touch(NOON - HOUR) | {"at": "yesterday"}
    with pytest.raises(ValueError, match="no time that can be read"):
        asked(unlimited(gaps__email="1d"), [broken])
