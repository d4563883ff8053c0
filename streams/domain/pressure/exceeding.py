"""Which cap, or the budget of points, touches exceed at a moment: what has happened, held to the limits of the advice.

All in ms and in whole numbers, for it is asked of every touch that comes in; the touches are the newest first, none of
them transactional and none after the moment.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from events.interactions.base import Channel
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.pressure import COSTS, weight
from streams.domain.pressure.policy import CHANNELS, Cap, Policy
from streams.domain.pressure.spans import DAY, HOUR, MINUTE


class Excess(Struct, frozen=True):
    """What is exceeded, in words, and touches that are enough to exceed it, the newest first."""

    detail: str
    touches: Sequence[Touch]


def by_one_more(policy: Policy, touch: Touch, earlier: Sequence[Touch]) -> Excess | None:
    """The first cap that `touch` exceeds with those before it, else the budget; None: there was room for it."""
    if not earlier:
        return None
    for channel, cap in _caps(policy, (touch.channel,)):
        if cap.purpose in {None, touch.purpose}:
            found = _counted(cap, channel, touch.time, earlier, cap.at_most)
            if found:
                return _of_cap(channel, cap, [touch, *found])
    return _of_points(policy, touch.time, [touch, *earlier])


def by_themselves(policy: Policy, at: int, touches: Sequence[Touch]) -> Excess | None:
    """The first cap of any channel that is exceeded at `at`, else the budget; None: nothing is."""
    for channel, cap in _caps(policy, CHANNELS):
        found = _counted(cap, channel, at, touches, cap.at_most + 1)
        if found:
            return _of_cap(channel, cap, found)
    return _of_points(policy, at, touches)


def _caps(policy: Policy, channels: Sequence[Channel]) -> Iterator[tuple[Channel | None, Cap]]:
    for channel in channels:
        for cap in getattr(policy.caps, channel):
            yield channel, cap
    for cap in policy.caps.any:
        yield None, cap


def _counted(cap: Cap, channel: Channel | None, at: int, touches: Sequence[Touch], count: int) -> list[Touch]:
    """The newest `count` touches that the cap counts in the window before `at`; none: there are not so many."""
    since, purpose = at - cap.window, cap.purpose
    if len(touches) < count or touches[count - 1].time <= since:  # so it is with most caps and most people
        return []
    found: list[Touch] = []
    for touch in touches:
        if touch.time <= since:
            break
        if (channel is None or touch.channel == channel) and (purpose is None or touch.purpose == purpose):
            found.append(touch)
            if len(found) == count:
                return found
    return []


def _of_cap(channel: Channel | None, cap: Cap, touches: Sequence[Touch]) -> Excess:
    where = "on all channels" if channel is None else f"by {channel}"
    purpose = "" if cap.purpose is None else f"{cap.purpose} "
    return Excess(f"{len(touches)} {purpose}touches {where} within {span(cap.window)}, at most {cap.at_most}", touches)


def _of_points(policy: Policy, at: int, touches: Sequence[Touch]) -> Excess | None:
    if policy.points is None:
        return None
    budget, all_of_it = policy.points.budget, 0
    if sum(COSTS[touch.channel] for touch in touches) <= budget:
        return None
    for place, touch in enumerate(touches):
        all_of_it += weight(COSTS[touch.channel], at - touch.time)
        if all_of_it > budget:
            return Excess(f"{all_of_it} milli-points, at most {budget}", touches[: place + 1])
    return None


def age(ms: int) -> str:
    """A length of time for people, in the largest unit of which it has two or more: minutes, hours or days."""
    if ms >= 2 * DAY:
        return f"{ms // DAY:,}d"
    return f"{ms // HOUR}h" if ms >= 2 * HOUR else f"{ms // MINUTE}m"


def span(ms: int) -> str:
    """As a policy writes it, cut to minutes."""
    if ms >= DAY and ms % DAY == 0:
        return f"{ms // DAY}d"
    return f"{ms // HOUR}h" if ms >= HOUR and ms % HOUR == 0 else f"{ms // MINUTE}m"
