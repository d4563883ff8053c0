"""Limits on touches: caps, gaps and the budget of points, held against the touches in a profile.

A gap is a cap of one: no second touch within it. A touch is in the window at `t` iff it was later than `t` less the
window, so a touch that is said to come after `t` is in it too. What is in it only grows less with time, which is why
there is a first moment at which it is few enough. In the budget each touch weighs what it costs in a profile
(`contact.sections.pressure.weight`), halved every seven days.
"""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log2
from typing import NamedTuple

from msgspec import Struct

from events.interactions.base import Channel, Purpose
from events.outputs import Touch
from events.times import parse_time, render_time
from streams.domain.contact.sections.pressure import COSTS, weight
from streams.domain.pressure.asking import Evidence, PermissionRequest, Reason
from streams.domain.pressure.policy import Policy
from streams.domain.pressure.policy_values import DAY, WEEK

_FIRST = -62_135_596_800_000


class Limit(Struct, frozen=True):
    """Fewer than `at_most` touches within `window`, ms, so that one more is not too many.

    `since`: touches later than this are in the window. It is written as a profile writes times: texts of that form
    compare as the times do, and cost nothing to read. A field that is None counts touches whatever theirs is; `not_on`,
    `not_by`: only touches on another channel, by another team.
    """

    reason: Reason
    window: int
    at_most: int
    since: str
    channel: Channel | None = None
    purpose: Purpose | None = None
    not_on: Channel | None = None
    not_by: str | None = None

    def counts(self, touch: Touch) -> bool:
        """Whether a touch, of whatever time, is of those that are limited."""
        return (
            (self.channel is None or touch["channel"] == self.channel)
            and (self.purpose is None or touch["purpose"] == self.purpose)
            and (self.not_on is None or touch["channel"] != self.not_on)
            and (self.not_by is None or touch["team"] != self.not_by)
        )


class ReachedLimit(NamedTuple):
    """A limit that is reached, the touches that reach it (the latest first), and when it no longer is (ms)."""

    reason: Reason
    until: int
    evidence: tuple[Evidence, ...]


def limits(policy: Policy, request: PermissionRequest, at: int) -> tuple[Limit, ...]:
    """The limits on a request, in the order in which they are told: what the policy says of it, for the time `at`."""
    return tuple(limit for limit in _limits(policy, request, at) if limit.window)


def _limits(policy: Policy, request: PermissionRequest, at: int) -> Iterator[Limit]:
    channel, purpose = request.channel, request.purpose
    for cap in getattr(policy.caps, channel):
        if cap.purpose in {None, purpose}:
            since = since_of(at, cap.window)
            yield Limit("cap", cap.window, cap.at_most, since, channel=channel, purpose=cap.purpose)
    for cap in policy.caps.any:
        if cap.purpose in {None, purpose}:
            yield Limit("cap_across_channels", cap.window, cap.at_most, since_of(at, cap.window), purpose=cap.purpose)
    gaps = policy.gaps
    gap: int = getattr(gaps, channel)
    yield Limit("gap", gap, 1, since_of(at, gap), channel=channel)
    yield Limit("gap_across_teams", gaps.across_teams, 1, since_of(at, gaps.across_teams), not_by=request.team)
    yield Limit("gap_across_channels", gaps.across_channels, 1, since_of(at, gaps.across_channels), not_on=channel)


def since_of(at: int, window: int) -> str:
    """`at` less `window`, as a profile writes it."""
    return render_time(max(at - window, _FIRST))


def reached_limit(limit: Limit, touches: Sequence[Touch]) -> ReachedLimit | None:
    """How `touches`, of which none is transactional, reach the limit; None: they do not."""
    if len(touches) < limit.at_most:
        return None
    since = limit.since
    within = [touch for touch in touches if touch["at"] > since]
    if len(within) < limit.at_most:  # so it is with most limits and most people
        return None
    counted = [touch for touch in within if limit.counts(touch)]
    if len(counted) < limit.at_most:
        return None
    counted.sort(key=in_order, reverse=True)
    return ReachedLimit(
        limit.reason, time_of(counted[limit.at_most - 1]) + limit.window, tuple(map(evidence_of, counted))
    )


def in_order(touch: Touch) -> tuple[str, str, str]:
    """By time, then as the contract orders what is of one time."""
    return touch["at"], touch["source"], touch["id"]


def time_of(touch: Touch) -> int:
    """When it was, ms. Raises ValueError where a profile is not as the contract writes it."""
    at = parse_time(touch["at"])
    if at is None:
        raise ValueError("a touch of the profile has no time that can be read")
    return at


def evidence_of(touch: Touch) -> Evidence:
    """The interaction that shows the touch."""
    return Evidence(touch["source"], touch["id"])


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


def points_budget(policy: Policy, request: PermissionRequest, at: int) -> Budget | None:
    """What the policy leaves a request; None: it counts no points."""
    if policy.points is None:
        return None
    return Budget(policy.points.budget - COSTS[request.channel], at, since_of(at, WEEK), since_of(at, 2 * WEEK))


def over_budget(budget: Budget, touches: Sequence[Touch]) -> ReachedLimit | None:
    """How `touches`, none of them transactional, leave no room for one more; None: there is room.

    A touch that is said to come after `at` weighs its whole cost.
    """
    room, at = budget.room, budget.at
    if sum(_at_most(touch, budget) for touch in touches) <= room:
        return None
    costs = [(time_of(touch), COSTS[touch["channel"]]) for touch in touches]
    if _weight(costs, at) <= room:
        return None
    weighing = sorted(
        (touch for touch in touches if _remaining_weight(time_of(touch), COSTS[touch["channel"]], at)), key=in_order
    )
    return ReachedLimit("pressure", _light_enough(costs, at, room), tuple(map(evidence_of, reversed(weighing))))


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
    return sum(_remaining_weight(time, cost, at) for time, cost in costs)


def _remaining_weight(time: int, cost: int, at: int) -> int:
    return weight(cost, max(at - time, 0))
