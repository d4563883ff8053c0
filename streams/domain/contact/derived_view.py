"""What follows from the state of one contact, kept beside it in memory.

Its facts by kind, its profile as JSON and its facts as they are stored: so that an interaction costs what it changes. A
view is a function of the contact's id and the state alone. It is owned by one state object and is gone with it; a state
that was read from the store has none. Nothing in it is ever changed in place: what it shares with the view of the state
before it, both read.
"""

from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import orjson
from msgspec import Struct
from msgspec.structs import replace

from events.harmonised import team_of
from events.interactions.base import Channel, Purpose
from events.outputs import AddressStatus
from events.registry import ARRIVALS, HUMAN_ANSWERS
from events.times import parse_time, render_time
from streams.domain.contact.codec import encode_fact, encode_settled
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.profile import profile_of
from streams.domain.contact.sections.assignments import ExperimentAssignment
from streams.domain.contact.sections.bot_filter import is_answer
from streams.domain.contact.sections.messages import MessageKey, Touch
from streams.domain.contact.sections.totals import total
from streams.domain.contact.sections.zones import later, whereabouts
from streams.domain.contact.state import ActivityTotals, ContactState, Fact, Whereabouts
from streams.domain.human import Answered, Judged, expected

ATTACHED = "view"
"""The name under which a state object holds its view; None: it can have one, and will once that is asked for."""
LENGTH, TIME = "I", "q"
_NOTHING = ContactState()
MOST_DEEDS = 64
"""Opens and clicks of a state that may hold a view: each of them that comes looks through all of them."""
_END = b',"merged_from":[]}'
_NO_FACTS: list[Fact] = []
_NO_MESSAGES: frozenset[MessageKey] = frozenset()
_EMPTY: Mapping[type[object], Any] = {list: _NO_FACTS, dict: {}, set: set()}
"""What is never filled, but replaced by something with an entry."""
_EMPTY_FIELDS = [(name, _EMPTY[type(getattr(FactIndex(), name))]) for name in FactIndex.__struct_fields__]


class DerivedView(Struct, gc=False):
    """What follows from a state in which nothing is retracted, no report has two versions and nothing is due.

    `found`: its facts by kind, all of which count, so that `counted` is left empty. `encoded`: all of them as they are
    stored, in their order, with their `lengths` in bytes and their `times`; `settled`: `ContactState.settled` as it is
    stored. `totals`: of the facts alone; `firsts`: by type the stamp of the first, in order. `active`: when the person
    last did something, ms.
    `touches`: all known ones, newest first, none before `horizon`, and as JSON in `rendered`.
    `sent_at`, `delivered_at`: of each e-mail the earliest time.
    `acts`: opens and clicks by message, with what they were judged; `opens`, `clicks`: their sums in thousandths.
    `failed`, `mailed`: messages that a fact says have failed, and those of which something has settled.
    The bytes from `head` on, with `end` at the end, are the profile; only `version` is put in when it is written.
    """

    contact_id: str
    found: FactIndex
    encoded: bytes
    lengths: "array[int]"
    times: "array[int]"
    settled: bytes
    totals: ActivityTotals
    firsts: dict[str, Stamp]
    active: int | None
    whereabouts: Whereabouts
    horizon: int
    touches: list[Touch]
    rendered: list[bytes]
    sent_at: dict[str, int]
    delivered_at: dict[str, int]
    answered: Answered
    acts: dict[str, list[Judged]]
    opens: int
    clicks: int
    assigned: Sequence[ExperimentAssignment]
    failed: frozenset[MessageKey]
    mailed: frozenset[MessageKey]
    subscribed: bool
    status: AddressStatus
    head: bytes
    end: bytes
    first_seen: bytes
    last_seen: bytes
    counts: bytes
    email: bytes
    donations: bytes
    canvass: bytes
    ballot: bytes
    tags: bytes
    experiments: bytes
    addresses: bytes
    zones: bytes
    touched: bytes
    stops: bytes
    pressure: bytes
    consent: bytes

    def profile(self, version: int) -> bytes:
        """The value of `contact-state`, as `orjson` writes `profile_of` with this version."""
        return b"".join(
            [
                self.head,
                b"%d" % version,
                self.first_seen,
                self.last_seen,
                self.counts,
                self.email,
                self.donations,
                self.canvass,
                self.ballot,
                self.tags,
                self.experiments,
                self.addresses,
                self.zones,
                self.touched,
                self.stops,
                self.pressure,
                self.consent,
                self.end,
            ]
        )

    def overview(self, state: ContactState) -> Overview:
        """What `person_view.overview` finds in the state that owns this view."""
        facts = list(state.facts.values())
        acts = [judged for of_message in self.acts.values() for judged in of_message]
        return Overview(state, facts, replace(self.found, counted=facts), self.touches, acts, self.assigned)

    def contacts_made(self, state: ContactState) -> Overview:
        """As much of `overview` as alerts need: touches, and facts by kind."""
        return Overview(state, (), self.found, self.touches)


def view_of(contact_id: str, state: ContactState) -> DerivedView | None:
    """The view that a state object holds, or is to have now: see `expect_more`. None: its view is not worth making."""
    held = state.__dict__
    if ATTACHED not in held:
        return None
    view: DerivedView | None = held[ATTACHED]
    if view is None or view.contact_id != contact_id:
        view = held[ATTACHED] = derive(contact_id, state) if state != _NOTHING else _view_of_nobody(contact_id)
    return view


def nobody() -> ContactState:
    """The state of a contact of whom nothing is known yet, and which may have a view: that costs next to nothing."""
    state = ContactState()
    state.__dict__[ATTACHED] = None
    return state


def _view_of_nobody(contact_id: str) -> DerivedView:
    """The view of a state in which nothing is known, but for the addresses, which the first fact has rendered."""
    view: DerivedView = _NOBODY.__copy__()  # type: ignore[attr-defined]  # a struct's, which its stub leaves out
    view.contact_id = contact_id
    view.head = _head(contact_id)
    return view


def _head(contact_id: str) -> bytes:
    """How a profile begins, up to its version."""
    return b'{"contact_id":%b,"version":' % orjson.dumps(contact_id)


def attach(state: ContactState, view: DerivedView) -> None:
    """Let a state object hold its view, unless that costs too much; another one that is equal to it holds none."""
    if len(view.found.deeds) <= MOST_DEEDS:
        state.__dict__[ATTACHED] = view


def expect_more(state: ContactState, known: Overview) -> None:
    """Let a state have its view as soon as it is asked for, if it can have one. `known`: of the state.

    Whoever was just written to is written to again soon. A state that was only read from the store is not worth it.
    """
    found = known.found
    if _has_view(state) and len(found.counted) == len(state.facts) and len(found.deeds) <= MOST_DEEDS:
        state.__dict__[ATTACHED] = None


def give_up(state: ContactState) -> None:
    """Let a state go without its view and all else that it holds, and without a view before it is written to again.

    A view is larger than its state, and to make one costs more than the full way: it pays for whoever is heard of
    several times before many others are.
    """
    state.__dict__.clear()


def derive(contact_id: str, state: ContactState, known: Overview | None = None) -> DerivedView | None:
    """The view of a state; None where it has none: see `DerivedView`. `known`: the state's, if it is at hand."""
    if not _has_view(state):
        return None
    known = overview(state) if known is None else known
    found = known.found
    if len(found.counted) < len(state.facts):
        return None
    encoded = [encode_fact(fact) for fact in found.counted]
    shown: Mapping[str, Any] = profile_of(contact_id, known)
    opens, clicks = expected(known.acts)
    totals = total(found.counted)
    return DerivedView(
        contact_id,
        _shared(found),
        b"".join(encoded),
        array(LENGTH, map(len, encoded)),
        array(TIME, (fact.time for fact in found.counted)),
        _NOTHING_SETTLED if (settled := encode_settled(state.settled)) == _NOTHING_SETTLED else settled,
        totals,
        _firsts(found.counted),
        None if (acted := shown.get("last_active_at")) is None else parse_time(acted),
        later(whereabouts(found.counted), state.settled.whereabouts),
        state.settled.horizon,
        known.touches,
        [render_touch(touch) for touch in known.touches],
        *_arrivals(found),
        _answers(found),
        _by_message(known.acts),
        opens,
        clicks,
        known.assigned,
        frozenset((channel, message.message_id) for channel, _, message in found.failed) or _NO_MESSAGES,
        frozenset(mailing.key for mailing in state.settled.mailings) or _NO_MESSAGES,
        shown["email"]["subscribed"],
        shown["email"]["status"],
        _head(contact_id),
        _end(shown),
        section("first_seen", shown["first_seen"]),
        section("last_seen", shown["last_seen"]) + active_section(shown.get("last_active_at")),
        *(section(name, shown[name]) for name in _SECTIONS),
    )


def _end(shown: Mapping[str, Any]) -> bytes:
    """What follows the sections that every profile has: `merged_from`, and what few profiles have."""
    names = list(shown)
    if names[-1] == "merged_from":
        return _END
    return b"," + orjson.dumps({name: shown[name] for name in names[names.index("merged_from") :]})[1:]


_SECTIONS = (
    *("counts", "email", "donations", "canvass", "ballot", "tags", "experiments"),
    *("addresses", "zones", "touches", "stops", "pressure", "consent"),
)


def section(name: str, value: object) -> bytes:
    """One field of a profile, as it follows another one."""
    blank, written = _BLANKS[name]
    return written if value == blank else b',"%b":%b' % (name.encode(), orjson.dumps(value))


def active_section(at: str | None) -> bytes:
    """`last_active_at`, as it follows `last_seen`; nothing where it is absent."""
    return b"" if at is None else b',"last_active_at":"%b"' % at.encode()


def _shared(found: FactIndex) -> FactIndex:
    """The index without what all views share: facts in their order, which the state has, and what is empty."""
    shared: FactIndex = found.__copy__()  # type: ignore[attr-defined]  # a struct's, which its stub leaves out
    shared.counted = _NO_FACTS
    for name, nothing in _EMPTY_FIELDS:
        if not getattr(shared, name):
            setattr(shared, name, nothing)
    return shared


def render_touch(touch: Touch) -> bytes:
    """One of a profile's `touches`."""
    how = touch_head(touch.channel, touch.purpose)
    who = touch_team(touch.team, touch.source)
    return b'%b"at":%b%b%b}' % (how, time_text(touch.time), who, orjson.dumps(touch.id))


@lru_cache(maxsize=64)
def touch_head(channel: Channel, purpose: Purpose) -> bytes:
    """How a touch begins in JSON."""
    return orjson.dumps({"channel": channel, "purpose": purpose})[:-1] + b","


@lru_cache(maxsize=1_024)
def touch_team(team: str, source: str) -> bytes:
    """The team and source of a touch in JSON, between its time and its id."""
    return b',"team":%b,"source":%b,"id":' % (orjson.dumps(team or team_of(source)), orjson.dumps(source))


@lru_cache(maxsize=64)
def time_text(time: int) -> bytes:
    """A time in JSON. That of the latest interaction is in several sections of a profile."""
    return b'"%b"' % render_time(time).encode()


def _has_view(state: ContactState) -> bool:
    return state.place is None and not state.commands and not state.settled.echoes


def _arrivals(found: FactIndex) -> tuple[dict[str, int], dict[str, int]]:
    times: dict[str, dict[str, int]] = {"sent": {}, "delivered": {}}
    for fact in found.counted:
        if (arrival := ARRIVALS.get(fact.type)) is not None:
            times[arrival].setdefault(fact.detail.message_id, fact.time)  # type: ignore[union-attr]  # facts are in order
    return times["sent"], times["delivered"]


def _firsts(facts: Sequence[Fact]) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for fact in facts:
        if fact.type not in found:
            found[fact.type] = fact.stamp
    return found


def _answers(found: FactIndex) -> Answered:
    times: dict[str, list[int]] = {}
    for fact in found.counted:
        if is_answer(fact):
            times.setdefault(HUMAN_ANSWERS[fact.type], []).append(fact.time)
    return times  # type: ignore[return-value]


def _by_message(acts: Sequence[Judged]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for judged in acts:
        found.setdefault(judged[0].message_id, []).append(judged)
    return found


_BLANKS: Mapping[str, tuple[object, bytes]] = {
    name: (value, b',"%b":%b' % (name.encode(), orjson.dumps(value)))
    for name, value in profile_of("", overview(_NOTHING)).items()
}
"""What most contacts have of many sections, kept once: as it is, and written."""
_NOTHING_SETTLED = encode_settled(_NOTHING.settled)
_NOBODY = cast(DerivedView, derive("", _NOTHING))
