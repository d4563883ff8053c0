"""Each touch of a person, with what was known just before it and what a policy would have said: pure.

Known is what had happened before, not what had been heard before: a bounce that was reported a day late was known to
nobody, yet a policy is not blamed for another tool's delay. What happened later is not known.
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
from streams.domain.pressure import Decision, PermissionRequest, Policy, decide
from streams.history.backtest.person_facts import PersonFact


class AskedTouch(NamedTuple):
    """A touch with the request that would have asked for it.

    `known`: the profile just before; None: nothing was known.
    """

    touch: Touch
    request: PermissionRequest
    known: ContactProfile | None

    @property
    def key(self) -> Key:
        """Source and id of the touch's interaction."""
        return self.touch.source, self.touch.id


class TimeSpan(NamedTuple):
    """From `since` up to before `until`, ms since 1970."""

    since: int = -NEVER
    until: int = NEVER

    def holds(self, time: int) -> bool:
        """Whether a time is in the span."""
        return self.since <= time < self.until


def evidence_of(counting: Sequence[PersonFact]) -> FactIndex:
    """A person's counted facts by kind. `counting`: in order."""
    return index_facts([said.fact for said in counting if said.fact.detail.__class__ not in COMMANDS])


def asked_touches(
    contact_id: str, counting: Sequence[PersonFact], found: FactIndex, span: TimeSpan
) -> Iterator[AskedTouch]:
    """Every touch within the span, the earliest first.

    A message that came back reached nobody, so it is none.
    """
    data = {said.fact.key: said.data for said in counting}
    known = _GrowingProfile(contact_id, counting)
    for touch in reversed(touches(found, Settled(), -NEVER)):
        if span.holds(touch.time):
            request = _request(touch, data[touch.source, touch.id])
            yield AskedTouch(touch, request, known.before(touch))


def _request(touch: Touch, data: object) -> PermissionRequest:
    """The permission request that the interaction describes, for the person and not for an address.

    Calls are reported by who made them, so none was a machine's.
    """
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
        automatic=False,
    )


def _text(data: object, name: str) -> str | None:
    value = getattr(data, name, None)
    return value if isinstance(value, str) else None


class _GrowingProfile:
    """A profile that grows with the touches asked for, which come in order."""

    def __init__(self, contact_id: str, counting: Sequence[PersonFact]) -> None:
        self._contact_id = contact_id
        self._counting = counting
        self._next = 0
        self._states: dict[str, ContactState] = {}

    def before(self, touch: Touch) -> ContactProfile | None:
        """The profile made of what happened before a touch."""
        self._take_until(touch)
        if not self._states:
            return None
        named = self._contact_id if len(self._states) > 1 else next(iter(self._states))
        return profile(named, person(self._states))

    def _take_until(self, touch: Touch) -> None:
        stamp = touch.time, touch.source, touch.id
        new: dict[str, list[PersonFact]] = {}
        while self._next < len(self._counting) and self._counting[self._next].fact.stamp < stamp:
            said = self._counting[self._next]
            new.setdefault(said.fragment, []).append(said)
            self._next += 1
        for fragment, came in new.items():
            # With append time 0 nothing is compacted, so every message stays visible.
            facts = [replace(said.fact, appended_at=0) for said in came]
            self._states[fragment] = fold(self._states.get(fragment, ContactState()), facts)[0]


def judge_touches(policy: Policy, asked: Sequence[AskedTouch], *, cascade: bool = False) -> Iterator[Decision | None]:
    """A policy's decision on each touch, in order; None: the time is beyond what a policy can be asked about.

    Without `cascade` every past touch counts for later ones, since it happened. With it, a touch that was not allowed
    does not count for later ones: what is denied or deferred was not sent, and nobody knows when instead.
    """
    spared: set[Key] = set()
    for send in asked:
        try:
            decision = decide(_without(send.known, spared), policy, send.request, send.touch.time)
        except OverflowError:
            yield None
            continue
        if cascade and decision.decision != "allow":
            spared.add(send.key)
        yield decision


def _without(known: ContactProfile | None, spared: set[Key]) -> ContactProfile | None:
    if known is None or not spared:
        return known
    return {**known, "touches": [each for each in known["touches"] if (each["source"], each["id"]) not in spared]}
