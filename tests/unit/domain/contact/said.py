"""Interactions in one line each, and the profile they make."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from events.envelope import Interaction
from events.json_types import JSON
from events.outputs import ContactProfile
from events.registry import MODELS
from events.times import render_time
from streams.demo import oracle
from streams.demo.truth import Sent
from streams.domain import contact
from streams.domain.contact import ContactState, FoldOutcome, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact

SECOND = 1_000
HOUR = 3_600_000
DAY = 24 * HOUR
NOON = 1_330_603_200_000
"""2012-03-01T12:00:00.000Z"""

DONOR = "external:00000000000000000000000000000001"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An interaction, no command, and the time at which the broker appended it (ms)."""

    interaction: Interaction
    appended_at: int

    def fact(self) -> Fact:
        """What a state keeps of it."""
        said = self.interaction
        return fact_of((said.id, said.source, said.type, None), said.time, said.data, self.appended_at)


def fold(state: ContactState, arrivals: Iterable[Arrival]) -> tuple[ContactState, list[FoldOutcome]]:
    """`state` with the arrivals taken in the order given, and what became of each."""
    return contact.fold(state, [arrival.fact() for arrival in arrivals])


def apply(state: ContactState, arrival: Arrival) -> tuple[ContactState, FoldOutcome]:
    """`fold` of one arrival."""
    after, outcomes = fold(state, [arrival])
    return after, outcomes[0]


def said(type_: str, id_: str = "1", time: int = NOON, /, **data: JSON) -> Arrival:
    """From the source `team/a`, appended at `NOON`; `household`, `region` and other zones go with the contact."""
    of_contact = ("household", "region", "time_zone", "postal_code")
    zones = {name: data.pop(name) for name in of_contact if name in data}
    model = MODELS[type_].model_validate({"contact": {"contact_id": DONOR, **zones}, **data})
    return Arrival(Interaction(id=id_, source="team/a", type=type_, time=time, data=model), appended_at=NOON)


def by(source: str, arrival: Arrival) -> Arrival:
    """The same, said by another source."""
    return replace(arrival, interaction=structs.replace(arrival.interaction, source=source))


def appended(at: int, arrival: Arrival) -> Arrival:
    """The same, appended at another time."""
    return replace(arrival, appended_at=at)


def later(at: int) -> Arrival:
    """Something of no interest that is appended `at` after noon."""
    return appended(NOON + at, said("rsvp.made", f"later {at}", NOON - DAY, event_id="e"))


def retracted(id_: str, by_id: str = "r", **data: JSON) -> Arrival:
    """A retraction of the interaction `id_` of `team/a`."""
    return said("interaction.retracted", by_id, retracts={"source": "team/a", "id": id_}, **data)


def gift(id_: str, amount: int, time: int = NOON, **data: JSON) -> Arrival:
    """A gift in dollars whose `donation_id` is its own, unless told."""
    fields: dict[str, JSON] = {"donation_id": f"actblue:{id_}", "currency": "USD"}
    return said("donation.made", id_, time, amount=amount, **fields | data)


def refund(id_: str, amount: int, time: int = NOON, **data: JSON) -> Arrival:
    """A refund in dollars whose `refund_id` is its own, unless told."""
    fields: dict[str, JSON] = {"refund_id": id_, "currency": "USD"}
    return said("donation.refunded", id_, time, amount=amount, **fields | data)


def report(id_: str, time: int = NOON, **data: JSON) -> Arrival:
    """Somebody was spoken to at the door, unless told."""
    fields: dict[str, JSON] = {"method": "door", "outcome": "contacted"}
    return said("canvass.reported", id_, time, **fields | data)


def folded(*arrivals: Arrival) -> ContactState:
    """The state after `arrivals` in the order given."""
    return fold(ContactState(), arrivals)[0]


def outcomes(*arrivals: Arrival) -> list[FoldOutcome]:
    """What became of each of `arrivals` in the order given."""
    return fold(ContactState(), arrivals)[1]


def recounted(*arrivals: Arrival) -> dict[str, Any]:
    """The profile that the demo's oracle recounts, which shares no code with the fold."""
    published = sorted(arrivals, key=lambda arrival: arrival.appended_at)
    return oracle.profile_of(DONOR, [_sent(arrival.interaction) for arrival in published], lambda _: DONOR)


def _sent(one: Interaction) -> Sent:
    fields: Any = one.data.plain()
    return Sent("topic", one.type, one.source, one.id, render_time(one.time), fields.pop("contact"), fields)


def profile_by_the_fold(*arrivals: Arrival) -> ContactProfile:
    """The profile that `arrivals` make, forwards and backwards; of what the oracle does not recount, too."""
    forwards = profile(DONOR, folded(*arrivals))
    assert profile(DONOR, folded(*reversed(arrivals))) == forwards
    return forwards


def profile_of(*arrivals: Arrival) -> ContactProfile:
    """The profile that `arrivals` make: forwards, backwards, and as the demo's oracle recounts it."""
    known = profile_by_the_fold(*arrivals)
    assert recounted(*arrivals) == {name: value for name, value in known.items() if name != "version"}
    return known
