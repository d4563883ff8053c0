"""Months of a person's life as producers report them, folded as they really are, and segments that ask about them.

Everything is appended from an hour before it happened, which is as far as intake lets it in, to a day and a half after.
All words about one message are of two days. What is said of e-mail, and what only a person does, is under one
identifier: of two that settle apart neither can be evidence for the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.registry import ENGAGEMENTS, HUMAN_ANSWERS, MESSAGES, MODELS, topic_of
from events.times import render_time
from streams.demo.truth import ContactFields, Sent
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.state import Fact
from streams.domain.segments.person import Person, whole_person
from tests.property.choices import below, one_of_these
from tests.property.domain.contact.strategies import Fields, few, fields
from tests.unit.domain.contact.said import DAY, HOUR, NOON

HASHER = Hasher([b"key"])
SPAN = 50 * DAY
SOURCES = ("team/a", "field/b")
BROWSER = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"

MESSAGE = few("m", "n", "o")
MAIL = fields(
    {"message_id": MESSAGE},
    {
        "purpose": few("fundraising", "transactional"),
        "team": few("digital"),
        "experiment": (ARM := few("A", "B").map(lambda variant: {"id": "x", "variant": variant})),
    },
)
READ = fields({"message_id": MESSAGE}, {"user_agent": few(BROWSER, "Mozilla/5.0", "curl/8.4.0"), "machine": few(True)})
MONEY: dict[str, st.SearchStrategy[JSON]] = {"amount": st.integers(1, 4), "currency": few("USD", "USD", "EUR")}
GIFT = few("g:1", "g:2", "g:3", "g:4", "g:5")
CHANNELS = ("email", "text", "phone", "door", "letter")

ORIGIN: st.SearchStrategy[JSON] = fields(
    {"kind": few("voter_list", "voter_list", "self")},
    {"age_band": few("25-34", "65+"), "sex": few("f", "m"), "polling_station": few("0012", "0013")},
)

WORDS: dict[str, st.SearchStrategy[Fields]] = {
    "email.sent": MAIL,
    "email.delivered": MAIL,
    "email.opened": READ,
    "email.clicked": fields({"message_id": MESSAGE}, {"user_agent": few(BROWSER), "url": few("u", "v")}),
    "email.bounced": fields({"message_id": MESSAGE, "kind": few("hard", "soft")}, {}),
    "email.dropped": fields({"message_id": MESSAGE}, {}),
    "text.sent": fields({"message_id": MESSAGE}, {"purpose": few("fundraising", "mobilisation")}),
    "text.failed": fields({"message_id": MESSAGE}, {}),
    "text.replied": fields({}, {}),
    "text.opted_out": fields({}, {"sender": few("s")}),
    "email.unsubscribed": fields({}, {"list_id": few("l")}),
    "email.complained": fields({}, {"list_id": few("l")}),
    "consent.changed": fields(
        {"channel": few(*CHANNELS, "all"), "granted": few(True, False)}, {"list_id": few("l"), "sender": few("s")}
    ),
    "donation.made": fields(
        {"donation_id": GIFT, **MONEY},
        {"committee": few("C1", "C2"), "instalment": few(1, 2), "pledge_id": few("p"), "provenance": ORIGIN},
    ),
    "donation.refunded": fields(
        {"refund_id": few("r:1", "r:2"), **MONEY}, {"committee": few("C1"), "donation_id": GIFT}
    ),
    "canvass.reported": fields(
        {
            "method": few("door", "phone", "letter", "relational"),
            "outcome": few(*("contacted", "not_home", "refused", "left_message", "wrong_number", "do_not_contact")),
        },
        {
            "report_id": few("r"),
            "provenance": ORIGIN,
            "support": st.integers(1, 5),
            "tags_added": st.lists(st.sampled_from(["host", "driver"]), max_size=2).map(list),
            "tags_removed": st.lists(st.sampled_from(["host", "driver"]), max_size=1).map(list),
            "experiment": ARM,
        },
    ),
    "ballot.reported": fields({"election": few("e", "f"), "status": few("requested", "returned", "voted")}, {}),
    "experiment.assigned": fields({"experiment": ARM}, {}),
    "form.submitted": fields({"form_id": few("f")}, {"provenance": ORIGIN}),
    "provenance.reported": fields({"provenance": ORIGIN}, {}),
    "rsvp.attended": fields({"event_id": few("e")}, {}),
    "contact.suppressed": st.one_of(st.just({}), st.integers(-1, 40).map(lambda days: {"until": days * DAY})),
}
OFTEN = (
    *("email.sent", "email.sent", "email.opened", "email.clicked", "donation.made", "donation.made"),
    *("canvass.reported", "text.sent", "contact.suppressed", "provenance.reported"),
)
PLACE = fields({}, {"region": few("US-NY", "US-OH"), "postal_code": few("10001", "44101", "44999", "4")})

ADA: ContactFields = {"external": {"van": "1"}, "email": "ada@example.org"}
MAILED: Sequence[ContactFields] = (
    ADA,
    {"external": {"van": "1"}},
    {"external": {"van": "1"}, "email": "lovelace@example.org", "phone": "+1 212 555 0199"},
)
"""All are the fragment of the external id."""
OTHERS: Sequence[ContactFields] = (
    {"phone": "+1 212 555 0199"},
    {"phone": "+1 212 555 0199", "email": "ada@example.org"},
)
TOGETHER = MESSAGES | frozenset(ENGAGEMENTS) | frozenset(HUMAN_ANSWERS)


@dataclass(frozen=True, slots=True)
class Heard:
    """An interaction and when it was appended (ms)."""

    sent: Sent
    appended_at: int
    time: int


_WITHIN_A_DAY = st.integers(0, DAY)
_HOURS = st.integers(0, SPAN // HOUR)
_PAST_THE_HOUR = st.sampled_from([0, 0, 1, HOUR // 2, HOUR - 1])
_LATENESS = st.sampled_from([-HOUR, 0, 1, HOUR, DAY, 36 * HOUR])
"""How much later than it happened something is appended (ms)."""


@st.composite
def histories(
    draw: st.DrawFn, *, linked: bool = False, max_size: int = 24, often: Sequence[str] = OFTEN
) -> list[Heard]:
    """What is heard of somebody, in the order in which it is appended, some of it twice; `linked`: of two fragments.

    `often`: the types that come most.
    """
    heard = [draw(_one(place, often, linked=linked)) for place in range(1 + draw(below(max_size)))]
    for place, gone in enumerate(draw(st.lists(st.sampled_from(heard), max_size=2, unique_by=id))):
        heard.append(_retraction(gone, f"r{place}", draw(_WITHIN_A_DAY)))
    heard += [
        Heard(again.sent, again.appended_at + draw(_WITHIN_A_DAY), again.time)
        for again in draw(st.lists(st.sampled_from(heard), max_size=2))
    ]
    return sorted(heard, key=lambda each: each.appended_at)


@cache
def _types(often: Sequence[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(sorted(WORDS)), st.sampled_from(often))


@cache
@st.composite
def _one(draw: st.DrawFn, place: int, often: Sequence[str], *, linked: bool) -> Heard:
    type_ = draw(_types(often))
    data = draw(WORDS[type_])
    time = NOON + draw(_HOURS) * HOUR + draw(_PAST_THE_HOUR)
    if "message_id" in data:
        data["message_id"] = f"{type_[:4]}{data['message_id']}{(time - NOON) // (2 * DAY)}"
    if "until" in data:
        data["until"] = render_time(time + int(str(data["until"])))
    named = MAILED if not linked or type_ in TOGETHER else OTHERS
    contact: ContactFields = {**one_of_these(draw, named), **draw(PLACE)}  # type: ignore[typeddict-item]
    appended_at = time + draw(_LATENESS)
    return _heard(type_, (one_of_these(draw, SOURCES), f"i{place}"), (time, appended_at), contact, data)


def _heard(type_: str, name: tuple[str, str], times: tuple[int, int], contact: ContactFields, data: Any) -> Heard:
    time, appended_at = times
    return Heard(Sent(topic_of(type_), type_, *name, render_time(time), contact, data), appended_at, time)


def _retraction(gone: Heard, id_: str, later: int) -> Heard:
    data = {"retracts": {"source": gone.sent.source, "id": gone.sent.id}}
    times = gone.time + later, gone.appended_at + later
    return _heard("interaction.retracted", ("team/a", id_), times, gone.sent.contact, data)


def harmonised(heard: Heard) -> tuple[str, Fact]:
    """The fragment that hears it, and the fact that is folded."""
    sent = heard.sent
    model = MODELS[sent.type].model_validate({"contact": sent.contact, **sent.fields})
    fragment, value = harmonise(Interaction(sent.id, sent.source, sent.type, heard.time, model), HASHER)
    fact = read_fact(value, heard.appended_at)
    assert isinstance(fact, Fact), fact
    return fragment, fact


def identify(contact: ContactFields) -> str:
    """The hash of an identifier that stands alone."""
    sent = Sent("", "rsvp.attended", "s", "1", render_time(NOON), contact, {"event_id": "e"})
    return harmonised(Heard(sent, NOON, NOON))[0]


def folded(heard: Sequence[Heard]) -> dict[str, ContactState]:
    """The states of all fragments."""
    states: dict[str, ContactState] = {}
    for each in heard:
        fragment, fact = harmonised(each)
        states[fragment], _ = fold(states.get(fragment, ContactState()), [fact])
    return states


def person_of(states: Mapping[str, ContactState]) -> Person | None:
    """The person that these fragments are."""
    return whole_person(min(states), states)


def clock_of(states: Mapping[str, ContactState]) -> int:
    """The earliest time at which the person may be judged."""
    return max(state.clock for state in states.values())


def moments(heard: Sequence[Heard], clock: int, windows: Collection[int]) -> st.SearchStrategy[int]:
    """Times from a clock on, most of them just when something leaves one of these windows."""
    times = {each.time for each in heard}
    edges = {
        edge + step
        for time in times | {time // HOUR * HOUR for time in times}
        for window in windows
        for step in (-1, 0)
        if (edge := time + window) + step > clock
    }
    some = st.sampled_from([clock, *sorted(edges)])
    return st.one_of(st.just(clock), some, some, some, st.integers(0, 30 * DAY).map(lambda later: clock + later))
