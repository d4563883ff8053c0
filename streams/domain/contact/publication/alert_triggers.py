"""Triggers of alerts: interactions by which a person was reached, or by which one said no.

An alert is sent once, so only what a fragment has just taken may trigger it, and of several words on one message or one
report only the first that was heard. Nothing is kept for that: the state before is enough to tell.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from streams.domain.contact.sections.messages import SHOWS, Message
from streams.domain.contact.sections.touches import channel_of
from streams.domain.contact.state import CanvassReport, Consent, ContactState, Detail, Fact, Key

STOPPING = "do_not_contact"
"""The outcome of a canvass report that is somebody's no."""

Subject: TypeAlias = tuple[str, str]
"""Channel and `message_id` of a message, or `report` and the report_id: several interactions may speak of one."""


class Trigger(Struct, frozen=True, array_like=True, gc=False):
    """An interaction that was just taken, and what else may have been heard of the same thing before."""

    source: str
    id: str
    subject: Subject | None = None

    @property
    def key(self) -> Key:
        """Of the interaction."""
        return self.source, self.id


def triggers(applied: Iterable[Fact]) -> tuple[Trigger, ...]:
    """Those of `applied`, which a fragment has taken, that may call for an alert."""
    return tuple([Trigger(fact.source, fact.id, subject_of(fact)) for fact in applied if _may_trigger(fact)])


def unheard(found: Collection[Trigger], before: Iterable[ContactState]) -> tuple[Trigger, ...]:
    """Without those of whose subject something was known. `before`: the states of a person's fragments."""
    states = list(before)
    if not found or not states:
        return tuple(found)
    names = {each.subject[1] for each in found if each.subject is not None}
    known = {subject for state in states for subject in _subjects(state, names)} if names else set()
    return tuple(
        each for each in found if each.subject not in known and not any(each.key in state.facts for state in states)
    )


def _subjects(state: ContactState, names: Collection[str]) -> Iterator[Subject]:
    """What was known of messages and reports of these names."""
    for mailing in state.settled.mailings:
        if mailing.touch is not None and mailing.message_id in names:
            yield mailing.key
    for fact in state.facts.values():
        detail = fact.detail
        name = detail.message_id if isinstance(detail, Message) else _report_id(detail)
        if name in names and (subject := subject_of(fact)) is not None:
            yield subject


def _report_id(detail: Detail | None) -> str | None:
    return detail.report_id if isinstance(detail, CanvassReport) else None


def subject_of(fact: Fact) -> Subject | None:
    """What else may be said to show that the very same touch was made; None: nothing."""
    detail = fact.detail
    if isinstance(detail, Message):
        channel = SHOWS.get(fact.type)
        return None if channel is None else (channel, detail.message_id)
    if isinstance(detail, CanvassReport) and detail.report_id is not None and _is_telling(detail):
        return "report", detail.report_id
    return None


def _may_trigger(fact: Fact) -> bool:
    if fact.type in SHOWS:
        return True
    detail = fact.detail
    if isinstance(detail, Consent):
        return not detail.granted
    return isinstance(detail, CanvassReport) and _is_telling(detail)


def _is_telling(report: CanvassReport) -> bool:
    return report.outcome == STOPPING or channel_of(report) is not None
