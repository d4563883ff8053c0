"""How far back touches are remembered: 30 days before whatever has been known for a week.

A touch that is forgotten stays so when the later one is taken back or turns out never to have arrived, so what is kept
of messages has an end. Each touch pushes the horizon once, as it was known a week after it was first heard of.
"""

from collections.abc import Collection, Mapping

from streams.contact.evidence import evidence
from streams.contact.live import retractions
from streams.contact.messages import KILLS, SHOWS, Message, MessageKey
from streams.contact.state import NEVER, WEEK, Fact, Key, Report, Settled
from streams.contact.touches import LISTED, channel_of, of_reports


def pushed_by_messages(live: Collection[Fact], settled: Settled, clock: int) -> int:
    """The horizon by messages that settle at `clock`. `live`: the facts that count; `settled`: what did before.

    One that has settled in part has pushed it already, or had come back.
    """
    first: dict[MessageKey, int] = {}
    for fact in live:
        if isinstance(fact.detail, Message) and fact.type in SHOWS:
            key = SHOWS[fact.type], fact.detail.message_id
            first[key] = min(fact.appended_at, first.get(key, NEVER))
    until = {key: at + WEEK for key, at in first.items() if at + WEEK < clock}
    for mailing in settled.mailings:
        until.pop(mailing.key, None)
    touched: dict[MessageKey, int] = {}
    for fact in live:
        if not isinstance(fact.detail, Message):
            continue
        if fact.type in KILLS:
            key = KILLS[fact.type], fact.detail.message_id
            if fact.appended_at <= until.get(key, -NEVER):
                del until[key]
        elif fact.type in SHOWS:
            key = SHOWS[fact.type], fact.detail.message_id
            if fact.appended_at <= until.get(key, -NEVER):
                touched[key] = min(fact.time, touched.get(key, NEVER))
    return max((time for key, time in touched.items() if key in until), default=-NEVER) - LISTED


def pushed_by_reports(facts: Collection[Fact], clock: int) -> int:
    """The horizon by canvass reports, also by those that were taken back after a week. `facts` are in order."""
    gone = retractions(facts)
    once = [fact for fact in facts if isinstance(fact.detail, Report) and _counted_for_a_week(fact, gone)]
    for fact in reversed(once):
        if fact.appended_at + WEEK < clock and _was_a_touch(fact, once):
            return fact.time - LISTED
    return -NEVER


def _counted_for_a_week(fact: Fact, gone: Mapping[Key, int]) -> bool:
    return gone.get(fact.key, NEVER) > fact.appended_at + WEEK


def _was_a_touch(fact: Fact, reports: Collection[Fact]) -> bool:
    """Whether it was one by what was known a week after it was heard of."""
    if not isinstance(fact.detail, Report) or channel_of(fact.detail) is None:
        return False
    by_then = [report for report in reports if report.appended_at <= fact.appended_at + WEEK]
    return any((touch.source, touch.id) == fact.key for touch in of_reports(evidence(by_then).reports))
