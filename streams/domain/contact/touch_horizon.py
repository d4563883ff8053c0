"""How far back touches are remembered: 30 days before whatever has been known for a week.

A touch that is forgotten stays so when the later one is taken back or turns out never to have arrived, so what is kept
of messages has an end. Each touch pushes the horizon once, as it was known a week after it was first heard of.
"""

from collections.abc import Collection, Mapping

from streams.domain.contact.facts.fact_index import index_facts
from streams.domain.contact.facts.retractions import retractions
from streams.domain.contact.sections.messages import KILLS, SHOWS, Message, MessageKey
from streams.domain.contact.sections.touches import LISTED, channel_of, of_reports
from streams.domain.contact.state import DEDUP_WINDOW_MS, NEVER, CanvassReport, Fact, Key, Settled


def pushed_by_messages(live: Collection[Fact], settled: Settled, clock: int) -> int:
    """The horizon by messages at `clock`. `live`: the facts that count; `settled`: what did before."""
    shown: dict[MessageKey, list[Fact]] = {}
    killed: dict[MessageKey, int] = {}
    for fact in live:
        detail = fact.detail
        if detail.__class__ is Message:
            if (channel := SHOWS.get(fact.type)) is not None:
                shown.setdefault((channel, detail.message_id), []).append(fact)
            elif (channel := KILLS.get(fact.type)) is not None:
                key = channel, detail.message_id
                killed[key] = min(fact.appended_at, killed.get(key, NEVER))
    pushed = -NEVER
    for mailing in settled.mailings:
        if shown.pop(mailing.key, None) is not None:
            continue  # it settled in part, and pushed at its own week by the earliest that was known then
        if mailing.touch is not None and mailing.killed is None and mailing.key not in killed:
            pushed = max(pushed, mailing.touch.time - LISTED)
    for key, facts in shown.items():
        week = min(fact.appended_at for fact in facts) + DEDUP_WINDOW_MS
        if week < clock and killed.get(key, NEVER) > week:
            pushed = max(pushed, min(fact.time for fact in facts if fact.appended_at <= week) - LISTED)
    return pushed


def pushed_by_reports(facts: Collection[Fact], clock: int) -> int:
    """The horizon by canvass reports, also by those that were taken back after a week. `facts` are in order."""
    gone = retractions(facts)
    reports = [fact for fact in facts if isinstance(fact.detail, CanvassReport)]
    for fact in reversed(reports):
        if fact.appended_at + DEDUP_WINDOW_MS < clock and _was_a_touch(fact, reports, gone):
            return fact.time - LISTED
    return -NEVER


def _was_a_touch(fact: Fact, reports: Collection[Fact], gone: Mapping[Key, int]) -> bool:
    """Whether it was one at any moment since it had been known for a week: as long as it and no other one counted."""
    if not isinstance(fact.detail, CanvassReport) or channel_of(fact.detail) is None:
        return False
    week, until = fact.appended_at + DEDUP_WINDOW_MS, gone.get(fact.key, NEVER)
    moments = (at for at in (week, *gone.values()) if week <= at < until)
    return any(_is_touch(fact, _known_at(moment, reports, gone)) for moment in moments)


def _known_at(moment: int, reports: Collection[Fact], gone: Mapping[Key, int]) -> list[Fact]:
    return [fact for fact in reports if fact.appended_at <= moment < gone.get(fact.key, NEVER)]


def _is_touch(fact: Fact, reports: Collection[Fact]) -> bool:
    return any((touch.source, touch.id) == fact.key for touch in of_reports(index_facts(list(reports)).reports))
