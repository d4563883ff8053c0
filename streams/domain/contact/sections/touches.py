"""When somebody reached into a person's day: by message, by knock, by call, whoever it was.

What was said of one message in the last week and what has settled of it are read as one.
"""

from collections.abc import Iterable, Mapping, Sequence

from events.harmonised import team_of
from events.interactions.base import Channel
from events.interactions.canvass import Method
from events.outputs import Touch as TouchOutput
from events.times import render_time
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.state import CanvassReport, Fact, Settled

LISTED = 30 * 24 * 3_600_000
"""A touch is shown up to so long (ms) before the latest one."""

_DAY = 24 * 3_600_000
_REACHED = frozenset({"contacted", "refused", "left_message", "language_barrier"})
_CHANNELS: Mapping[Method, Channel] = {"door": "door", "phone": "phone", "text": "text", "letter": "letter"}
_ONCE_A_DAY = frozenset({"door", "letter"})


def touches(found: FactIndex, settled: Settled, horizon: int) -> list[Touch]:
    """Every touch that is known, newest first, none of them before `horizon`."""
    known = _of_messages(found, settled) if found.sent or settled.mailings else []
    if found.reports:
        known += of_reports(found.reports)
    known.sort(reverse=True)
    return _since(horizon, known)


def listed(known: list[Touch]) -> list[Touch]:
    """Those of the 30 days before the latest one. `known`: newest first, and so is what is returned."""
    return _since(known[0].time - LISTED, known) if known else known


def _since(time: int, known: list[Touch]) -> list[Touch]:
    return known if not known or known[-1].time >= time else [touch for touch in known if touch.time >= time]


def of_reports(reports: Iterable[tuple[Fact, CanvassReport]]) -> list[Touch]:
    """The touches among canvass reports, which are in order."""
    known: list[Touch] = []
    days: set[tuple[str, int]] = set()
    for fact, report in reports:
        touch = touch_of_report(fact, report)
        if touch is None:
            continue
        if touch.channel in _ONCE_A_DAY:
            day = touch.channel, touch.time // _DAY
            if day in days:
                continue
            days.add(day)
        known.append(touch)
    return known


def touch_of_report(fact: Fact, report: CanvassReport) -> Touch | None:
    """What a canvass report shows by itself; None: it was an attempt."""
    channel = channel_of(report)
    return None if channel is None else Touch(fact.time, fact.source, fact.id, channel, team=report.team)


def is_second_of_day(touch: Touch, reports: Iterable[tuple[Fact, CanvassReport]]) -> bool:
    """Whether one of `reports` shows a touch of the same day on the same channel, of which a day has one at most."""
    return touch.channel in _ONCE_A_DAY and any(
        fact.time // _DAY == touch.time // _DAY and channel_of(report) == touch.channel for fact, report in reports
    )


def channel_of(report: CanvassReport) -> Channel | None:
    """The channel on which a visit or a call reached somebody; None: it was an attempt."""
    return _CHANNELS.get(report.method) if report.outcome in _REACHED else None


def _of_messages(found: FactIndex, settled: Settled) -> list[Touch]:
    """Of each message that never came back the earliest."""
    if not (settled.mailings or found.failed):
        return list(found.sent.values())
    known = {**found.sent}
    for mailing in settled.mailings:
        if mailing.touch is not None:
            known[mailing.key] = min(mailing.touch, known.get(mailing.key, mailing.touch))
        if mailing.killed is not None:
            known.pop(mailing.key, None)
    for channel, _, message in found.failed:
        known.pop((channel, message.message_id), None)
    return list(known.values())


def render(shown: Sequence[Touch]) -> list[TouchOutput]:
    """The profile's `touches`."""
    return [
        {
            "channel": touch.channel,
            "purpose": touch.purpose,
            "at": render_time(touch.time),
            "team": touch.team or team_of(touch.source),
            "source": touch.source,
            "id": touch.id,
        }
        for touch in shown
    ]
