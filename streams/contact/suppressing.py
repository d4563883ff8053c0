"""Channels that are closed to everyone. The latest command of any fragment binds the whole person."""

from collections.abc import Iterable, Sequence
from typing import get_args

from events.interactions.base import Channel
from events.outputs import Suppression, Suppressions
from events.times import render_time
from streams.contact.commands import Suppress
from streams.contact.live import is_retracted, retractions
from streams.contact.place import Closed, Erasure
from streams.contact.state import ContactState, Fact

_CHANNELS: tuple[Channel, ...] = get_args(Channel)


def suppressed(person: Sequence[ContactState]) -> Closed | None:
    """What the latest command that counts has closed; None: nothing. `person`: the states of all its fragments."""
    said = [fact for state in person for fact in state.commands.values() if isinstance(fact.detail, Suppress)]
    if not said:
        return None
    gone = retractions(fact for state in person for fact in state.facts.values())
    return _latest(fact for fact in said if not is_retracted(fact, gone))


def _latest(said: Iterable[Fact]) -> Closed | None:
    last = max(said, key=lambda fact: fact.stamp, default=None)
    if last is None or not isinstance(last.detail, Suppress):
        return None
    return Closed("suppressed", last.time, last.source, last.id, last.detail.until)


def closed_by(erasure: Erasure) -> Closed:
    """An erased person is left alone until a new record begins."""
    return Closed("erased", erasure.time, erasure.source, erasure.id)


def render(closed: Closed) -> Suppressions:
    """The value of `contact-suppressions`: every channel."""
    why: Suppression = {
        "reason": closed.reason,
        "since": render_time(closed.since),
        "source": closed.source,
        "id": closed.id,
    }
    if closed.until is not None:
        why["until"] = closed.until
    return dict.fromkeys(_CHANNELS, why)
