"""What somebody should look at: touches that the advice spoke against, and people who had enough.

A trigger is judged at its own time, by what is known of the time before it, in whatever order that was heard. It is
judged when it is first heard and never again: who acts can only know what is known then. So nothing is said of what was
known before, and what comes later takes nothing back.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from events.harmonised import team_of
from events.interactions.base import Channel
from events.times import parse_time
from streams.domain.contact.identity.identity_status import Closed
from streams.domain.contact.person_view import Overview
from streams.domain.contact.publication.alert_triggers import STOPPING
from streams.domain.contact.publication.suppressed_channels import suppressions, unretracted
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.stops import FOR_GOOD, closed_channels, closed_for_all
from streams.domain.contact.state import Fact, Key
from streams.domain.pressure.exceeding import Excess, age, by_one_more, by_themselves, span
from streams.domain.pressure.policy import Policy

Rule = Literal["over_cap", "double_touch", "touch_after_stop", "complaint_after_pressure", "unsubscribe_after_pressure"]
"""What each means is in `docs/alerts.md`."""


class Raised(Struct, frozen=True):
    """An alert. `at`: the time of the trigger, ms; `evidence`: the trigger first."""

    rule: Rule
    at: int
    evidence: tuple[Key, ...]
    detail: str


def judge(policy: Policy, known: Overview, triggers: Collection[Key]) -> list[Raised]:
    """What these triggers raise of a person, of whom `known` is all that is known with them."""
    raised: list[Raised] = []
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


def _of_touch(policy: Policy, touch: Touch, before: Sequence[Touch], known: Overview) -> Iterator[Raised]:
    stop = _stop_before(policy, touch, known)
    if stop is not None:
        detail = f"{_team(touch)}: by {touch.channel}, {stop.reason} {age(touch.time - stop.since)} before"
        yield Raised("touch_after_stop", touch.time, (_key(touch), (stop.source, stop.id)), detail)
    if touch.purpose == "transactional" or not before:
        return
    earlier = _counted(before)
    excess = by_one_more(policy, touch, earlier)
    if excess is not None:
        detail = f"{_team(touch)}: {excess.detail}"
        yield Raised("over_cap", touch.time, tuple(map(_key, excess.touches)), detail)
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


def _double(policy: Policy, touch: Touch, other: Touch) -> Raised:
    apart, least = span(touch.time - other.time), span(_gap(policy, touch, other))
    detail = f"{_team(touch)}: by {touch.channel}, {apart} after {_team(other)} by {other.channel}; at least {least}"
    return Raised("double_touch", touch.time, (_key(touch), _key(other)), detail)


def _of_refusal(policy: Policy, fact: Fact, rule: Rule, before: Sequence[Touch]) -> Raised | None:
    excess = by_themselves(policy, fact.time, _counted(before))
    if excess is None:
        return None
    evidence = (fact.key, *map(_key, excess.touches))
    return Raised(rule, fact.time, evidence, f"{_teams(excess)}: {excess.detail}")


def _refusals(known: Overview, triggers: Collection[Key]) -> Iterator[tuple[Fact, Rule]]:
    """Those that count among the triggers. Somebody who wants to be left alone altogether has left every list."""
    for fact, said in known.found.consents:
        if not said.granted and fact.key in triggers:
            yield fact, "complaint_after_pressure" if fact.type == "email.complained" else "unsubscribe_after_pressure"
    for fact, report in known.found.reports:
        if report.outcome == STOPPING and fact.key in triggers:
            yield fact, "unsubscribe_after_pressure"


def _stop_before(policy: Policy, touch: Touch, known: Overview) -> Closed | None:
    """What had closed the touch's channel to everyone at its time: the person, the channel, or another that it follows.

    Stops of one sender or list are left out: a touch does not say whose it was.
    """
    found, at = known.found, touch.time
    reports = [each for each in found.reports if each[1].outcome in FOR_GOOD and each[0].time < at]
    if not (found.consents or reports or known.state.commands):
        return None
    commands = unretracted(suppressions(known.state.commands.values()), known.state.facts.values())
    everything = closed_for_all(reports, [command for command in commands if command.time < at])
    if everything is not None and not _is_over(everything, at):
        return everything
    closed = closed_channels([each for each in found.consents if each[0].time < at])
    closed.sort(key=lambda each: (each.channel != touch.channel, each.since))
    return next((each for each in closed if _binds(policy, each, touch.channel)), None)


def _binds(policy: Policy, closed: Closed, channel: Channel) -> bool:
    if closed.channel == channel:
        return True
    follows: Sequence[Channel] = getattr(policy.closures.also_closes, closed.reason, ())
    return channel in follows


def _is_over(closed: Closed, at: int) -> bool:
    """Whether it had an end, and has come to it; one whose end cannot be read has none."""
    end = None if closed.until is None else parse_time(closed.until)
    return end is not None and end <= at


def _counted(touches: Sequence[Touch]) -> list[Touch]:
    return [touch for touch in touches if touch.purpose != "transactional"]


def _key(touch: Touch) -> Key:
    return touch.source, touch.id


def _team(touch: Touch) -> str:
    return touch.team or team_of(touch.source)


def _teams(excess: Excess) -> str:
    return ", ".join(sorted({_team(touch) for touch in excess.touches}))
