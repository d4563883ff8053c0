"""The budget of points: what touches cost, halved every seven days.

Each touch weighs what it does in a profile (`contact.pressure.weight`), here at whatever time.
"""

from collections.abc import Sequence
from math import ceil, floor, log2

from msgspec import Struct

from events.outputs import Touch
from streams.domain.contact.sections.pressure import COSTS, weight
from streams.domain.pressure.asking import PermissionRequest
from streams.domain.pressure.limits import Blocked, evidence_of, in_order, since_of, time_of
from streams.domain.pressure.policy import Policy
from streams.domain.pressure.spans import DAY, WEEK

_NOTHING_IS_LEFT = 90 * DAY
"""After this long even a visit weighs less than half a milli-point."""


class Budget(Struct, frozen=True):
    """Room for so many milli-points at `at`, ms, besides the touch that is asked for.

    `week`, `fortnight`: so long before `at`, as a profile writes times.
    """

    room: int
    at: int
    week: str
    fortnight: str


def budget(policy: Policy, request: PermissionRequest, at: int) -> Budget | None:
    """What the policy leaves a request; None: it counts no points."""
    if policy.points is None:
        return None
    return Budget(policy.points.budget - COSTS[request.channel], at, since_of(at, WEEK), since_of(at, 2 * WEEK))


def over_budget(budget: Budget, touches: Sequence[Touch]) -> Blocked | None:
    """How `touches`, none of them transactional, leave no room for one more; None: there is room.

    A touch that is said to come after `at` weighs its whole cost.
    """
    room, at = budget.room, budget.at
    if sum(_at_most(touch, budget) for touch in touches) <= room:
        return None
    costs = [(time_of(touch), COSTS[touch["channel"]]) for touch in touches]
    if _weight(costs, at) <= room:
        return None
    weighing = sorted((touch for touch in touches if _left(time_of(touch), COSTS[touch["channel"]], at)), key=in_order)
    return Blocked("pressure", _light_enough(costs, at, room), tuple(map(evidence_of, reversed(weighing))))


def _at_most(touch: Touch, budget: Budget) -> int:
    """No less than the touch weighs; told without reading its time, which costs as much as all the rest."""
    cost = COSTS[touch["channel"]]
    if touch["at"] > budget.week:
        return cost
    return cost // 2 if touch["at"] > budget.fortnight else cost // 4


def _light_enough(costs: Sequence[tuple[int, int]], at: int, room: int) -> int:
    """The first ms at which no more than `room` is left: weight never grows, so halving the span finds it."""
    low, high = _around(costs, at, room)
    while high - low > 1:
        middle = (low + high) // 2
        if _weight(costs, middle) <= room:
            high = middle
        else:
            low = middle
    return high


def _around(costs: Sequence[tuple[int, int]], at: int, room: int) -> tuple[int, int]:
    """A time that is too early and one that is late enough, close by: rounding moves a weight by half a point."""
    latest = max(at, *(time for time, _ in costs))
    total = sum(cost * 2 ** ((time - latest) / WEEK) for time, cost in costs)
    rounded = len(costs) / 2
    low = latest + floor(WEEK * log2(total / (room + rounded))) - 1
    high = latest + (ceil(WEEK * log2(total / (room - rounded))) + 1 if room > rounded else _NOTHING_IS_LEFT)
    return (low if low > at and _weight(costs, low) > room else at), max(high, latest)


def _weight(costs: Sequence[tuple[int, int]], at: int) -> int:
    return sum(_left(time, cost, at) for time, cost in costs)


def _left(time: int, cost: int, at: int) -> int:
    return weight(cost, max(at - time, 0))
