"""Lives of one contact in which things collide: few ids, moments and currencies, so that ties and copies are common.

Copies of one (source, id) are equal but for their times, as the contract asks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import structs

from events.interactions.canvass import BallotStatus
from events.json_types import JSON
from events.registry import MESSAGES, types_that
from streams.demo.recount import CountedEvent
from streams.demo.truth import ContactFields
from tests.property.choices import below, one_of_these, orders
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, appended, by, said
from tests.unit.events.records import REQUIRED

Fields = dict[str, JSON]
Key = tuple[str, str]
Each = TypeVar("Each")


SOURCES = ("team/a", "team/b")
IDS = ("1", "2", "3", "4", "5", "6", "7")
LATER = 40 * DAY
"""So far apart are the two times at which things happen, a few hours each: a touch of the first may be forgotten."""

DELAYS = st.sampled_from([0, 0, HOUR // 12, 2 * HOUR, LATER])
WEEK = 7

MOMENTS = st.builds(lambda step, later: NOON + step * HOUR + later * LATER, st.integers(0, 4), st.integers(0, 1))
CHANNELS = ("email", "text", "phone", "door", "letter", "all")
STATUSES: tuple[BallotStatus, ...] = ("requested", "returned", "voted")
OUTCOMES = ("contacted", "refused", "not_home", "do_not_contact", "left_message", "wrong_number", "deceased")
PURPOSES = ("fundraising", "informational", "transactional")


def fields(
    required: dict[str, st.SearchStrategy[JSON]], optional: dict[str, st.SearchStrategy[JSON]]
) -> st.SearchStrategy[Fields]:
    return st.fixed_dictionaries(required, optional=optional)


def few(*values: JSON) -> st.SearchStrategy[JSON]:
    return st.sampled_from(values)


def lists(*values: str) -> st.SearchStrategy[JSON]:
    return st.lists(st.sampled_from(values), max_size=2).map(list)


AMOUNT: st.SearchStrategy[JSON] = st.integers(1, 3)
CURRENCY = few("USD", "EUR")
COMMITTEE = few("C1", "C2")
GIFT = few("a:1", "a:2", "a:3")
PLEDGE = few("p", "q")
ANSWERS: st.SearchStrategy[JSON] = st.dictionaries(
    st.sampled_from(["v:1", "v:2"]), few("jobs", 1, 2.5, True), max_size=2
).map(dict)
MESSAGE = few("m", "n")
AGENT = few("Mozilla/5.0", "Mozilla/5.0 (Windows NT 10.0)", "curl/8.4.0")
ARM: st.SearchStrategy[JSON] = st.builds(
    lambda id_, variant: {"id": id_, "variant": variant}, st.sampled_from("xy"), st.sampled_from("AB")
)
GIVEN = {"experiment": ARM, "turf": few("t", "u")}
SENDING = {"purpose": few(*PURPOSES), "team": few("team", "field"), **GIVEN}
LIST, SENDER = few("l", "k"), few("s", "t")
NAMED = {"list_id": LIST, "sender": SENDER}
PROVENANCE: st.SearchStrategy[JSON] = fields(
    {"kind": few("self", "voter_list", "rented")},
    {
        "obtained_at": few("2012-02-01T00:00:00Z", "2012-02-01T01:00:00+01:00"),
        "purpose": few("newsletter", "Fundraising"),
        "file": few("rolls-2012"),
        "notice": few("n1", "n2"),
        "of_age": few(True, False),
        "age_band": few("65+"),
        "sex": few("f", "m"),
        "polling_station": few("0012"),
        "notice_by": few("letter", "email"),
        "notice_at": few("2012-02-10T00:00:00Z"),
    },
)
TERMS = {
    "purpose": few("fundraising", "online_ads", "newsletter"),
    "controller": few("list-2026"),
    "wording": few("v1", "v2"),
    "proof": few("scan:1"),
    "basis": few("consent", "she said so", "legitimate_interest"),
}

DATA: dict[str, st.SearchStrategy[Fields]] = {
    **{type_: st.just(REQUIRED[type_]) for type_ in sorted(types_that(lambda spec: not spec.is_command))},
    **{type_: fields({"message_id": MESSAGE}, SENDING) for type_ in sorted(MESSAGES - {"email.bounced"})},
    "email.opened": fields({"message_id": MESSAGE}, {"user_agent": AGENT, "machine": few(True, False), **GIVEN}),
    "email.clicked": fields({"message_id": MESSAGE}, {"user_agent": AGENT, "url": few("u", "v", "w"), **GIVEN}),
    "email.bounced": fields({"message_id": MESSAGE, "kind": few("hard", "soft")}, GIVEN),
    "email.unsubscribed": fields({}, {"list_id": LIST}),
    "email.complained": fields({}, {"list_id": LIST}),
    "text.opted_out": fields({}, {"sender": SENDER}),
    "consent.changed": fields({"channel": few(*CHANNELS), "granted": few(True, False)}, {**NAMED, **TERMS}),
    "provenance.reported": fields({"provenance": PROVENANCE}, {}),
    "form.submitted": fields({"form_id": few("f")}, {"provenance": PROVENANCE}),
    "donation.made": fields(
        {"donation_id": GIFT, "amount": AMOUNT, "currency": CURRENCY},
        {
            "provenance": PROVENANCE,
            "committee": COMMITTEE,
            "election": few("p", "g"),
            "pledge_id": PLEDGE,
            "period": few("monthly", "weekly"),
        },
    ),
    "donation.refunded": fields(
        {"refund_id": few("x", "y", "z"), "amount": AMOUNT, "currency": CURRENCY},
        {"committee": COMMITTEE, "donation_id": GIFT},
    ),
    "donation.charge_failed": fields({"pledge_id": PLEDGE}, {}),
    "donation.pledge_cancelled": fields({"pledge_id": PLEDGE}, {}),
    "canvass.reported": fields(
        {"method": few("door", "phone", "letter", "relational"), "outcome": few(*OUTCOMES)},
        {
            "report_id": few("r", "s"),
            "provenance": PROVENANCE,
            "team": few("field"),
            "support": st.integers(1, 5),
            "answers": ANSWERS,
            "tags_added": lists("host", "driver"),
            "tags_removed": lists("host", "driver"),
            **GIVEN,
        },
    ),
    "experiment.assigned": fields({"experiment": ARM}, {"cluster": few("c", "d"), "turf": few("t", "u")}),
    "ballot.reported": fields({"election": few("e", "f"), "status": few(*STATUSES)}, {}),
    "interaction.retracted": fields(
        {
            "retracts": st.builds(
                lambda source, id_: {"source": source, "id": id_}, st.sampled_from(SOURCES), st.sampled_from(IDS)
            )
        },
        {},
    ),
}
OFTEN = (
    *("donation.made", "donation.refunded", "canvass.reported", "interaction.retracted"),
    *("email.sent", "email.bounced", "email.dropped", "email.opened", "consent.changed", "experiment.assigned"),
    "provenance.reported",
)
SUBJECTS: Sequence[tuple[str, ...]] = (
    OFTEN,
    ("donation.made", "donation.refunded", "donation.charge_failed", "donation.pledge_cancelled"),
    ("canvass.reported", "canvass.reported", "ballot.reported"),
    ("email.sent", "email.delivered", "email.bounced", "email.dropped", "text.sent", "text.failed"),
    ("email.opened", "email.clicked", "email.delivered", "donation.made"),
    ("consent.changed", "consent.changed", "email.unsubscribed", "email.complained", "text.opted_out"),
    ("provenance.reported", "form.submitted", "donation.made"),
)
"""What a life is mostly about, so that several things that meet in one rule come often."""
ZONES: st.SearchStrategy[Fields] = fields(
    {},
    {
        "region": few("US-NY", "US-CA"),
        "time_zone": few("America/New_York", "America/Los_Angeles"),
        "postal_code": few("10001", "90001"),
    },
)


_SOURCE, _ID = st.sampled_from(SOURCES), st.sampled_from(IDS)


@cache
def _types(often: Sequence[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(sorted(DATA)), st.sampled_from(often), st.sampled_from(often))


@cache
@st.composite
def interactions(draw: st.DrawFn, often: Sequence[str] = OFTEN) -> Arrival:
    """Any interaction but a command; those of some types more often than the rest.

    A message is one of either time: which of its words is the earliest does not depend on what was forgotten.
    """
    type_ = draw(_types(often))
    data, moment = draw(DATA[type_]) | draw(ZONES), draw(MOMENTS)
    if type_ in MESSAGES:
        data["message_id"] = f"{data['message_id']}{(moment - NOON) // LATER}"
    return by(draw(_SOURCE), said(type_, draw(_ID), moment, **data))


def key(arrival: Arrival) -> Key:
    """What makes two arrivals copies of one interaction."""
    return arrival.interaction.source, arrival.interaction.id


def later(arrival: Arrival, delay: int) -> Arrival:
    """A copy whose time is later, as on two topics with a producer whose clock is fast.

    Not of a command that forgets: what a later one has dropped, an earlier copy cannot bring back.
    """
    said = arrival.interaction
    if said.type.endswith("_forgotten"):
        return arrival
    return replace(arrival, interaction=structs.replace(said, time=said.time + delay))


@cache
def lives(max_size: int = 14) -> st.SearchStrategy[list[Arrival]]:
    """What happened to a contact, each thing once."""
    about = {often: st.lists(interactions(often), max_size=max_size, unique_by=key) for often in SUBJECTS}
    return st.sampled_from(SUBJECTS).flatmap(about.__getitem__)


@cache
def _copies(of: int, days: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """The places of what is delivered again, and how much later each copy says that it happened (ms)."""
    return st.lists(st.tuples(below(of), DELAYS if days < WEEK else st.just(0)), max_size=6)


@st.composite
def deliveries(draw: st.DrawFn, life: Sequence[Arrival], days: int = 6) -> list[Arrival]:
    """Each of `life` at least once, in any order, appended at any time within `days`.

    Within a week a copy may say a later time: a copy of a message that comes after it is another message.
    """
    copies = [later(life[place], delay) for place, delay in draw(_copies(len(life), days))] if life else []
    delivered = [*life, *copies]
    hours = below(days * DAY // HOUR + 1)
    return [appended(NOON + draw(hours) * HOUR, delivered[place]) for place in draw(orders(len(delivered)))]


@dataclass(frozen=True, slots=True)
class Feed:
    """Deliveries and the truth they tell."""

    life: list[Arrival]
    delivered: list[Arrival]


@st.composite
def feeds(draw: st.DrawFn, days: int = 6) -> Feed:
    """A life and how it arrives."""
    life = draw(lives())
    return Feed(life, draw(deliveries(life, days)))


@st.composite
def parts(draw: st.DrawFn, arrivals: Sequence[Each]) -> list[list[Each]]:
    """`arrivals` dealt out to up to four parts."""
    dealt: list[list[Each]] = [[], [], [], []]
    for arrival in arrivals:
        one_of_these(draw, dealt).append(arrival)
    return dealt


@st.composite
def chunks(draw: st.DrawFn, arrivals: Sequence[Each]) -> list[list[Each]]:
    """`arrivals` cut anywhere, in their order."""
    cuts = sorted(draw(st.sets(st.integers(0, len(arrivals)), max_size=4)))
    return [list(arrivals[start:end]) for start, end in zip([0, *cuts], [*cuts, len(arrivals)], strict=True)]


def counted(life: Iterable[Arrival], named: Callable[[Arrival], ContactFields] = lambda _: {}) -> list[CountedEvent]:
    """What nobody takes back, in order, as the demo's oracle has it. `named`: whom an arrival is about."""
    told: list[tuple[Arrival, Any]] = [(each, each.interaction.data.plain()) for each in life]
    gone = {(data["retracts"]["source"], data["retracts"]["id"]) for _, data in told if "retracts" in data}
    found = []
    for each, data in told:
        heard = each.interaction
        if heard.type != "interaction.retracted" and key(each) not in gone:
            at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=heard.time)
            found.append(CountedEvent(at, heard.source, heard.id, heard.type, named(each), data))
    return sorted(found, key=lambda one: (one.at, one.source, one.id))
