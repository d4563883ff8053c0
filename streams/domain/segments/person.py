"""What conditions ask of one person: the whole of an identity cluster, and what follows from it, made when asked for.

Times are ms since 1970. A window holds what is later than its beginning, also what is said to come after the moment
that is asked about, so with time alone things only leave it. Opens and clicks stand at the beginning of their hour.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar, cast, overload

from msgspec.structs import asdict

from events.interactions.anywhere import ConsentChannel
from events.interactions.base import ProvenanceKind
from events.outputs import ContactProfile
from events.registry import ENGAGEMENTS
from events.times import parse_time
from streams.domain.contact import ContactState
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.publication.suppressed_channels import suppressions, unretracted
from streams.domain.contact.publication.visibility import shown_of
from streams.domain.contact.sections.addresses import addresses
from streams.domain.contact.sections.canvass import tags
from streams.domain.contact.sections.consent import consent
from streams.domain.contact.sections.human_hours import HOUR
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.provenance import provenance
from streams.domain.contact.sections.stops import stops
from streams.domain.contact.sections.touches import LISTED
from streams.domain.contact.sections.zones import later, whereabouts
from streams.domain.contact.state import Fact, Whereabouts
from streams.domain.human import expected

Kind = Literal["open", "click"]

ROLL: ProvenanceKind = "voter_list"
"""The kind of source that tells what a roll has of a voter."""

HALF_AN_ACT = 500
"""Expected human acts, in thousandths, from which on it is more likely than not that a person was there."""


_Value = TypeVar("_Value")


class _lazily(Generic[_Value]):  # noqa: N801 (a decorator)
    """A property that is made once for each object; `functools.cached_property` takes a lock each time."""

    def __init__(self, make: Callable[[Any], _Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, of: None, owner: type) -> "_lazily[_Value]": ...
    @overload
    def __get__(self, of: object, owner: type) -> _Value: ...
    def __get__(self, of: object | None, owner: type) -> "_lazily[_Value] | _Value":
        if of is None:
            return self
        value = of.__dict__[self._name] = self._make(of)
        return value


class Person:
    """One person, as `overview` knows them. `contact_id`: under which the person is shown.

    `where`: the latest zones, if they are known already.
    """

    def __init__(self, contact_id: str, known: Overview, where: Whereabouts | None = None) -> None:
        self.contact_id = contact_id
        self.known = known
        self.found: FactIndex = known.found
        if where is not None:
            self.__dict__["where"] = where

    @_lazily
    def where(self) -> Whereabouts:
        """The latest region, time zone and postal code."""
        return later(whereabouts(self.found.counted), self.known.state.settled.whereabouts)

    @_lazily
    def roll(self) -> Mapping[str, tuple[str, Fact]]:
        """By field the latest word of an electoral roll, with the fact that says it."""
        found: dict[str, tuple[str, Fact]] = {}
        for fact in self.found.origins:
            if fact.origin is not None and fact.origin.kind == ROLL and fact.origin.roll is not None:
                said = asdict(fact.origin.roll)
                found |= {name: (word, fact) for name, word in said.items() if word is not None}
        return found

    @_lazily
    def tags(self) -> frozenset[str]:
        """The tags that hold."""
        return frozenset(tags(self.found.reports))

    @_lazily
    def support(self) -> int | None:
        """The latest support that was reported."""
        return next((said.support for _, said in reversed(self.found.reports) if said.support is not None), None)

    @_lazily
    def consents(self) -> Mapping[ConsentChannel, bool]:
        """The latest word on each channel that was heard of."""
        return consent(self.found.consents)

    @_lazily
    def ballots(self) -> Mapping[str, str]:
        """The latest status of the ballot by election."""
        return {said.election: said.status for _, said in self.found.ballots}

    @_lazily
    def variants(self) -> Mapping[str, str]:
        """By experiment the variant that the person is in."""
        return {each.arm.experiment: each.arm.variant for each in self.known.assigned}

    @_lazily
    def first_seen(self) -> int | None:
        """When the first interaction was."""
        times = [self.known.facts[0].time] if self.known.facts else []
        settled = self.known.state.settled.totals.first
        return min([*times, *([] if settled is None else [settled])], default=None)

    @_lazily
    def last_seen(self) -> int | None:
        """When the last interaction was."""
        times = [self.known.facts[-1].time] if self.known.facts else []
        settled = self.known.state.settled.totals.last
        return max([*times, *([] if settled is None else [settled])], default=None)

    @_lazily
    def openness(self) -> ContactProfile:
        """As much of the profile as says which channels are closed.

        That is `stops`, `consent` and `addresses`, and where these come from.
        """
        state = self.known.state
        commands = unretracted(suppressions(state.commands.values()), state.facts.values()) if state.commands else []
        parts: dict[str, object] = {
            "stops": stops(self.found, commands),
            "consent": self.consents,
            "addresses": addresses(self.contact_id, state, self.found),
        }
        if self.found.origins:
            parts["provenance"] = provenance(self.contact_id, state, self.found.origins).shown
        return cast(ContactProfile, parts)

    @property
    def suppressed_until(self) -> int | None:
        """When the stop of everything ends by itself; None: there is none, or it does not."""
        everything = self.openness["stops"].get("all")
        until = None if everything is None else everything.get("until")
        return None if until is None else parse_time(until)

    @_lazily
    def says_nothing_of_channels(self) -> bool:
        """Whether no word, report or bounce is known by which a channel or an address might be closed."""
        found, state = self.found, self.known.state
        return not (found.consents or found.reports or found.failed or state.commands or state.settled.mailboxes)

    @_lazily
    def has_no_acts(self) -> bool:
        """Whether no open and no click was ever reported."""
        totals = self.known.state.settled.totals
        return not self.found.deeds and totals.last_opened is None and totals.last_clicked is None

    def hours(self, kind: Kind) -> list[tuple[int, int]]:
        """The beginnings of hours with expected human acts in thousandths, in no order; an hour may be there twice."""
        settled = self.known.state.settled
        by_hour = settled.opens_by_hour if kind == "open" else settled.clicks_by_hour
        found = [(act.time // HOUR * HOUR, milli) for act, milli in self.known.acts if act.kind == kind]
        if by_hour:
            found += [(hour * HOUR, milli) for hour, milli in by_hour.items()]
        return found

    def human_total(self, kind: Kind) -> int:
        """Expected human acts in thousandths, of all times."""
        settled, (opens, clicks) = self.known.state.settled, expected(self.known.acts)
        return settled.opens_human + opens if kind == "open" else settled.clicks_human + clicks

    def raw_times(self, kind: Kind) -> Iterator[int]:
        """The beginnings of the hours of all acts that have not settled, in order."""
        return (hour_of(fact.time) for fact in self.found.deeds if ENGAGEMENTS[fact.type] == kind)

    def raw_total(self, kind: Kind) -> int:
        """How many acts were reported at all times."""
        type_ = "email.opened" if kind == "open" else "email.clicked"
        return self.known.state.settled.totals.counts.get(type_, 0) + sum(1 for _ in self.raw_times(kind))

    @_lazily
    def answered_at(self) -> int | None:
        """The beginning of the last hour from which on half an open or click is expected to be the person's.

        E-mails of that hour and before are answered: which of them was opened is known for a week only.
        """
        settled = self.known.state.settled
        acts = [(act.time // HOUR * HOUR, milli) for act, milli in self.known.acts]
        if settled.opens_by_hour or settled.clicks_by_hour:
            acts = [*self.hours("open"), *self.hours("click")]
        if not acts:
            return None
        acts.sort(reverse=True)
        heard = 0
        for hour, milli in acts:
            heard += milli
            if heard >= HALF_AN_ACT:
                return hour
        return None

    def unanswered_mails(self, most: int) -> list[Touch]:
        """The latest e-mails, newest first, in a row that no person has answered, up to so many.

        They are among the touches that a profile lists.
        """
        touches = self.known.touches
        if not touches:
            return []
        answered, found = self.answered_at, list[Touch]()
        first = touches[0].time - LISTED
        if answered is not None:
            first = max(first, answered + HOUR)
        for touch in touches:
            if touch.time < first:
                break
            if touch.channel == "email":
                found.append(touch)
                if len(found) == most:
                    break
        return found


def whole_person(contact_id: str, fragments: Mapping[str, ContactState]) -> Person | None:
    """The person whose profile is shown under an id, of the states that count of all fragments, by name.

    None: nobody is shown, so nobody is in any segment.
    """
    shown = shown_of(fragments)
    return None if isinstance(shown, str) else Person(contact_id, overview(person(shown)))


def hour_of(time: int) -> int:
    """The beginning of the hour in which a time lies."""
    return time // HOUR * HOUR
