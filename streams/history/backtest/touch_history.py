"""Each touch of a person, and what was known of the person just before it.

Known in the order in which things happened, not in that in which they were heard: a bounce that came in a day late was
not known to anybody, yet it is not held against a policy that somebody else was slow. What happened later is not known.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from events.harmonised import team_of
from events.outputs import ContactProfile
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.facts.command_details import COMMANDS
from streams.domain.contact.facts.fact_index import FactIndex, index_facts
from streams.domain.contact.merging import person
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.touches import touches
from streams.domain.contact.state import NEVER, Key, Settled
from streams.domain.pressure import PermissionRequest
from streams.history.backtest.counted_facts import Said


class Send(NamedTuple):
    """A touch as it would have been asked for. `known`: the profile just before; None: nothing was known."""

    touch: Touch
    request: PermissionRequest
    known: ContactProfile | None

    @property
    def key(self) -> Key:
        """The interaction that shows it."""
        return self.touch.source, self.touch.id


class Span(NamedTuple):
    """From `since` up to before `until`, ms since 1970."""

    since: int = -NEVER
    until: int = NEVER

    def holds(self, time: int) -> bool:
        """Whether a time is in it."""
        return self.since <= time < self.until


def found_in(counting: Sequence[Said]) -> FactIndex:
    """All that counts of a person, by kind. `counting`: in order."""
    return index_facts([said.fact for said in counting if said.fact.detail.__class__ not in COMMANDS])


def sends(contact_id: str, counting: Sequence[Said], found: FactIndex, span: Span) -> Iterator[Send]:
    """Every touch within the span, the earliest first. A message that came back reached nobody, so it is none."""
    data = {said.fact.key: said.data for said in counting}
    known = _Known(contact_id, counting)
    for touch in reversed(touches(found, Settled(), -NEVER)):
        if span.holds(touch.time):
            request = _request(touch, data[touch.source, touch.id])
            yield Send(touch, request, known.before(touch))


def _request(touch: Touch, data: object) -> PermissionRequest:
    """What the interaction says of itself. It is asked for the person, by whatever address is best."""
    return PermissionRequest(
        channel=touch.channel,
        purpose=touch.purpose,
        team=touch.team or team_of(touch.source),
        source=touch.source,
        committee=_text(data, "committee"),
        election=_text(data, "election"),
        campaign_id=_text(data, "campaign_id"),
        sender=_text(data, "sender"),
        list_id=_text(data, "list_id"),
    )


def _text(data: object, name: str) -> str | None:
    value = getattr(data, name, None)
    return value if isinstance(value, str) else None


class _Known:
    """What is known grows with the touches that are asked for, which come in order."""

    def __init__(self, contact_id: str, counting: Sequence[Said]) -> None:
        self._contact_id = contact_id
        self._counting = counting
        self._next = 0
        self._states: dict[str, ContactState] = {}

    def before(self, touch: Touch) -> ContactProfile | None:
        """The profile of what happened before a touch."""
        self._take_until(touch)
        if not self._states:
            return None
        named = self._contact_id if len(self._states) > 1 else next(iter(self._states))
        return profile(named, person(self._states))

    def _take_until(self, touch: Touch) -> None:
        stamp = touch.time, touch.source, touch.id
        new: dict[str, list[Said]] = {}
        while self._next < len(self._counting) and self._counting[self._next].fact.stamp < stamp:
            said = self._counting[self._next]
            new.setdefault(said.fragment, []).append(said)
            self._next += 1
        for fragment, came in new.items():
            # Nothing settles at append time 0: all of it is still there to be looked at.
            facts = [replace(said.fact, appended_at=0) for said in came]
            self._states[fragment] = fold(self._states.get(fragment, ContactState()), facts)[0]
