"""The budget of points: what touches cost, halved every seven days.

Of the profile's formula: each touch weighs floor(cost · 2^(−age / 7 days) + 0.5), here at whatever time.
"""

from collections.abc import Sequence
from math import floor

from events.interactions.base import Channel
from events.outputs import Touch
from streams.pressure.limits import Blocked, evidence_of, latest_first, time_of
from streams.pressure.policy import COSTS
from streams.pressure.spans import DAY, WEEK

_NOTHING_IS_LEFT = 90 * DAY
"""After this long even a visit weighs less than half a milli-point."""


def over_budget(budget: int, channel: Channel, touches: Sequence[Touch], at: int) -> Blocked | None:
    """How `touches`, none of them transactional, leave no room for one more at `at`, ms; None: there is room.

    A touch that is said to come after `at` weighs its whole cost.
    """
    room = budget - COSTS[channel]
    if sum(COSTS[touch["channel"]] for touch in touches) <= room:
        return None
    costs = [(time_of(touch), COSTS[touch["channel"]]) for touch in touches]
    if _weight(costs, at) <= room:
        return None
    weighing = sorted(
        (touch for touch in touches if _left(time_of(touch), COSTS[touch["channel"]], at)), key=latest_first
    )
    return Blocked("pressure", _light_enough(costs, at, room), tuple(map(evidence_of, reversed(weighing))))


def _light_enough(costs: Sequence[tuple[int, int]], at: int, room: int) -> int:
    """The first ms at which no more than `room` is left: weight never grows, so halving the span finds it."""
    low, high = at, max(at, *(time for time, _ in costs)) + _NOTHING_IS_LEFT
    while high - low > 1:
        middle = (low + high) // 2
        if _weight(costs, middle) <= room:
            high = middle
        else:
            low = middle
    return high


def _weight(costs: Sequence[tuple[int, int]], at: int) -> int:
    return sum(_left(time, cost, at) for time, cost in costs)


def _left(time: int, cost: int, at: int) -> int:
    return floor(cost * 2 ** (-max(at - time, 0) / WEEK) + 0.5)
