"""Alerts on pressure: touches that the advice spoke against, and people who had enough.

A trigger is judged at its own time, by what is known of the time before it, in whatever order that was heard. It is
judged when it is first heard and never again: who acts can only know what is known then. So nothing is said of what was
known before, and what comes later takes nothing back. Whether a cap or the budget of points is exceeded is worked out
in ms and in whole numbers, for it is asked of every touch that comes in.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from events.harmonised import team_of
from events.interactions.base import Channel
from events.times import parse_time
from streams.domain.contact.identity.identity_status import ChannelClosure
from streams.domain.contact.person_view import Overview
from streams.domain.contact.publication.alert_triggers import STOPPING
from streams.domain.contact.publication.suppressed_channels import suppressions, unretracted
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.pressure import COSTS, weight
from streams.domain.contact.sections.stops import FOR_GOOD, closed_channels, closed_for_all
from streams.domain.contact.state import Fact, Key
from streams.domain.pressure.policy import CHANNELS, Cap, Policy
from streams.domain.pressure.policy_values import DAY, HOUR, MINUTE

_MOST_COST = max(COSTS.values())


class Excess(Struct, frozen=True):
    """A cap or budget that is exceeded, in words, with touches that are enough to exceed it, the newest first."""

    detail: str
    touches: Sequence[Touch]


def excess_with_touch(policy: Policy, touch: Touch, earlier: Sequence[Touch]) -> Excess | None:
    """The first cap that `touch` exceeds with those before it, else the budget; None: there was room for it."""
    count, time = len(earlier), touch.time
    if not count:
        return None
    for channel, cap in _caps(policy, (touch.channel,)):
        at_most = cap.at_most
        if at_most > count or earlier[at_most - 1].time <= time - cap.window:  # so it is with most caps and people
            continue
        if cap.purpose is None or cap.purpose == touch.purpose:
            found = _newest_counted(cap, channel, time, earlier, at_most)
            if found:
                return _of_cap(channel, cap, [touch, *found])
    return _of_points(policy, time, [touch, *earlier])


def excess_of_touches(policy: Policy, at: int, touches: Sequence[Touch]) -> Excess | None:
    """The first cap of any channel that is exceeded at `at`, else the budget; None: nothing is."""
    for channel, cap in _caps(policy, CHANNELS):
        found = _newest_counted(cap, channel, at, touches, cap.at_most + 1)
        if found:
            return _of_cap(channel, cap, found)
    return _of_points(policy, at, touches)


def _caps(policy: Policy, channels: Sequence[Channel]) -> Iterator[tuple[Channel | None, Cap]]:
    for channel in channels:
        for cap in getattr(policy.caps, channel):
            yield channel, cap
    for cap in policy.caps.any:
        yield None, cap


def _newest_counted(cap: Cap, channel: Channel | None, at: int, touches: Sequence[Touch], count: int) -> list[Touch]:
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
    return Excess(
        f"{len(touches)} {purpose}touches {where} within {format_span(cap.window)}, at most {cap.at_most}", touches
    )


def _of_points(policy: Policy, at: int, touches: Sequence[Touch]) -> Excess | None:
    if policy.points is None:
        return None
    budget, all_of_it = policy.points.budget, 0
    if len(touches) * _MOST_COST <= budget or sum([COSTS[touch.channel] for touch in touches]) <= budget:
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


def format_span(ms: int) -> str:
    """As a policy writes it, cut to minutes."""
    if ms >= DAY and ms % DAY == 0:
        return f"{ms // DAY}d"
    return f"{ms // HOUR}h" if ms >= HOUR and ms % HOUR == 0 else f"{ms // MINUTE}m"


Rule = Literal["over_cap", "double_touch", "touch_after_stop", "complaint_after_pressure", "unsubscribe_after_pressure"]
"""What each means is in `docs/alerts.md`."""


class PressureAlert(Struct, frozen=True):
    """An alert. `at`: the time of the trigger, ms; `evidence`: the trigger first."""

    rule: Rule
    at: int
    evidence: tuple[Key, ...]
    detail: str


def pressure_alerts(policy: Policy, known: Overview, triggers: Collection[Key]) -> list[PressureAlert]:
    """Alerts that these triggers raise about a person; `known` includes the triggers."""
    raised: list[PressureAlert] = []
    left = set(triggers)
    for place, touch in enumerate(known.touches):
        if (touch.source, touch.id) in left:
            raised += _of_touch(policy, touch, known.touches[place + 1 :], known)
            left.discard(_key(touch))
            if not left:  # so it is with most: the touch is the latest
                return raised
    for fact, rule in _refusals(known, left):
        before = [touch for touch in known.touches if touch.time <= fact.time]
        if (found := _of_refusal(policy, fact, rule, before)) is not None:
            raised.append(found)
    return raised


def _of_touch(policy: Policy, touch: Touch, before: Sequence[Touch], known: Overview) -> Iterator[PressureAlert]:
    stop = _stop_before(policy, touch, known)
    if stop is not None:
        detail = f"{_team(touch)}: by {touch.channel}, {stop.reason} {age(touch.time - stop.since)} before"
        yield PressureAlert("touch_after_stop", touch.time, (_key(touch), (stop.source, stop.id)), detail)
    if touch.purpose == "transactional" or not before:
        return
    earlier = _without_transactional(before)
    excess = excess_with_touch(policy, touch, earlier)
    if excess is not None:
        detail = f"{_team(touch)}: {excess.detail}"
        yield PressureAlert("over_cap", touch.time, tuple(map(_key, excess.touches)), detail)
    other = _too_close(policy, touch, earlier)
    if other is not None:
        yield _double(policy, touch, other)


def _too_close(policy: Policy, touch: Touch, earlier: Sequence[Touch]) -> Touch | None:
    """The latest touch of another team with less than the least time between the two."""
    gaps = policy.gaps
    longest = max(getattr(gaps, touch.channel), gaps.across_channels, gaps.across_teams)
    for other in earlier:
        if touch.time - other.time >= longest:
            return None
        if _team(other) != _team(touch) and touch.time - other.time < _gap(policy, touch, other):
            return other
    return None


def _gap(policy: Policy, touch: Touch, other: Touch) -> int:
    """The least time between two touches by two teams, ms."""
    gaps = policy.gaps
    own: int = getattr(gaps, touch.channel) if touch.channel == other.channel else gaps.across_channels
    return max(own, gaps.across_teams)


def _double(policy: Policy, touch: Touch, other: Touch) -> PressureAlert:
    apart, least = format_span(touch.time - other.time), format_span(_gap(policy, touch, other))
    detail = f"{_team(touch)}: by {touch.channel}, {apart} after {_team(other)} by {other.channel}; at least {least}"
    return PressureAlert("double_touch", touch.time, (_key(touch), _key(other)), detail)


def _of_refusal(policy: Policy, fact: Fact, rule: Rule, before: Sequence[Touch]) -> PressureAlert | None:
    excess = excess_of_touches(policy, fact.time, _without_transactional(before))
    if excess is None:
        return None
    evidence = (fact.key, *map(_key, excess.touches))
    return PressureAlert(rule, fact.time, evidence, f"{_teams(excess)}: {excess.detail}")


def _refusals(known: Overview, triggers: Collection[Key]) -> Iterator[tuple[Fact, Rule]]:
    """Those that count among the triggers. Somebody who wants to be left alone altogether has left every list."""
    for fact, said in known.found.consents:
        if not said.granted and fact.key in triggers:
            yield fact, "complaint_after_pressure" if fact.type == "email.complained" else "unsubscribe_after_pressure"
    for fact, report in known.found.reports:
        if report.outcome == STOPPING and fact.key in triggers:
            yield fact, "unsubscribe_after_pressure"


def _stop_before(policy: Policy, touch: Touch, known: Overview) -> ChannelClosure | None:
    """What had closed the touch's channel to everyone at its time: the person, the channel, or another that it follows.

    Stops of one sender or list are left out: a touch does not say whose it was.
    """
    found, at = known.found, touch.time
    reports = found.reports
    if reports:
        reports = [each for each in reports if each[1].outcome in FOR_GOOD and each[0].time < at]
    if not (found.consents or reports or known.state.commands):
        return None
    commands = unretracted(suppressions(known.state.commands.values()), known.state.facts.values())
    everything = closed_for_all(reports, [command for command in commands if command.time < at])
    if everything is not None and not _is_over(everything, at):
        return everything
    closed = closed_channels([each for each in found.consents if each[0].time < at])
    closed.sort(key=lambda each: (each.channel != touch.channel, each.since))
    return next((each for each in closed if _binds(policy, each, touch.channel)), None)


def _binds(policy: Policy, closed: ChannelClosure, channel: Channel) -> bool:
    if closed.channel == channel:
        return True
    follows: Sequence[Channel] = getattr(policy.closures.also_closes, closed.reason, ())
    return channel in follows


def _is_over(closed: ChannelClosure, at: int) -> bool:
    """Whether it had an end, and has come to it; one whose end cannot be read has none."""
    end = None if closed.until is None else parse_time(closed.until)
    return end is not None and end <= at


def _without_transactional(touches: Sequence[Touch]) -> list[Touch]:
    return [touch for touch in touches if touch.purpose != "transactional"]


def _key(touch: Touch) -> Key:
    return touch.source, touch.id


def _team(touch: Touch) -> str:
    return touch.team or team_of(touch.source)


def _teams(excess: Excess) -> str:
    return ", ".join(sorted({_team(touch) for touch in excess.touches}))
