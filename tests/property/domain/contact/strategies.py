"""Lives of one contact in which things collide: few ids, moments and currencies, so that ties and copies are common.

Copies of one (source, id) are equal but for their times, as the contract asks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, product
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import structs

from events.interactions.canvass import BallotStatus
from events.json_types import JSON
from events.registry import MESSAGES, types_that
from streams.demo.recount import CountedEvent
from streams.demo.truth import ContactFields
from tests.property.choices import below, one_of_each
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, appended, by, said
from tests.unit.events.records import REQUIRED

Fields = dict[str, JSON]
Key = tuple[str, str]
Each = TypeVar("Each")


SOURCES = ("team/a", "team/b")
IDS = ("1", "2", "3", "4", "5", "6", "7")
LATER = 40 * DAY
"""So far apart are the two times at which things happen, a few hours each: a touch of the first may be forgotten."""

COPIES = st.lists(one_of_each(range(5040), [0, 0, HOUR // 12, 2 * HOUR, LATER]), max_size=6)
"""Which are delivered again, and how much later each says that it happened (ms)."""
WEEK = 7

MOMENTS = st.sampled_from([NOON + step * HOUR + later for later in (0, LATER) for step in range(5)])
CHANNELS = ("email", "text", "phone", "door", "letter", "all")
STATUSES: tuple[BallotStatus, ...] = ("requested", "returned", "voted")
OUTCOMES = ("contacted", "refused", "not_home", "do_not_contact", "left_message", "wrong_number", "deceased")
PURPOSES = ("fundraising", "informational", "transactional")


def fields(
    required: dict[str, st.SearchStrategy[JSON]], optional: dict[str, st.SearchStrategy[JSON]]
) -> st.SearchStrategy[Fields]:
    """All that is required, and some of the rest; one draw decides which, and all values that are of a few."""
    some = [[*combinations(optional, size)] for size in range(len(optional) + 1)]
    known = {name: VALUES[values] for name, values in (required | optional).items() if values in VALUES}
    decided = one_of_each(some, range(2520), *known.values())

    @st.composite
    def drawn(draw: st.DrawFn) -> Fields:
        subsets, place, *values = draw(decided)
        chosen = dict(zip(known, values, strict=True))
        names = (*required, *subsets[place % len(subsets)])
        return {name: chosen[name] if name in chosen else draw((required | optional)[name]) for name in names}

    return drawn()


VALUES: dict[st.SearchStrategy[JSON], tuple[JSON, ...]] = {}
"""What there is of each strategy that `few` made."""


def few(*values: Any) -> st.SearchStrategy[JSON]:
    VALUES[found := st.sampled_from(values)] = values
    return found


def lists(*values: str) -> st.SearchStrategy[JSON]:
    """Up to two of these, which may be the same."""
    return few(*[[*each] for size in range(3) for each in product(values, repeat=size)])


AMOUNT = few(1, 2, 3)
CURRENCY = few("USD", "EUR")
COMMITTEE = few("C1", "C2")
GIFT = few("a:1", "a:2", "a:3")
PLEDGE = few("p", "q")
ANSWERS: st.SearchStrategy[JSON] = st.dictionaries(
    st.sampled_from(["v:1", "v:2"]), few("jobs", 1, 2.5, True), max_size=2
).map(dict)
MESSAGE = few("m", "n")
AGENT = few("Mozilla/5.0", "Mozilla/5.0 (Windows NT 10.0)", "curl/8.4.0")
ARM = few(*[{"id": id_, "variant": variant} for id_ in "xy" for variant in "AB"])
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
            "support": few(1, 2, 3, 4, 5),
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
SUBJECTS = (
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


_KEYS = st.sampled_from([*product(SOURCES, IDS)])


@cache
@st.composite
def interactions(draw: st.DrawFn, often: Sequence[str] = OFTEN) -> Arrival:
    """Any interaction but a command; those of some types more often than the rest.

    A message is one of either time: which of its words is the earliest does not depend on what was forgotten.
    """
    type_ = draw(_types(often))
    data, moment, (source, id_) = draw(DATA[type_]) | draw(ZONES), draw(MOMENTS), draw(_KEYS)
    if type_ in MESSAGES:
        data["message_id"] = f"{data['message_id']}{(moment - NOON) // LATER}"
    return by(source, said(type_, id_, moment, **data))


@cache
def _types(often: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*sorted(DATA) * len(often), *[*often] * len(DATA) * 2])


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
    mostly = [st.lists(interactions(often), max_size=max_size, unique_by=key) for often in SUBJECTS]
    return below(len(mostly)).flatmap(mostly.__getitem__)


@st.composite
def deliveries(draw: st.DrawFn, life: Sequence[Arrival], days: int = 6) -> list[Arrival]:
    """Each of `life` at least once, in any order, appended at any time within `days`.

    Within a week a copy may say a later time: a copy of a message that comes after it is another message.
    """
    copies = draw(COPIES) if life else []
    again = [later(life[place % len(life)], delay if days < WEEK else 0) for place, delay in copies]
    shuffled = draw(st.permutations([*life, *again]))
    return [appended(NOON + draw(below(days * DAY // HOUR + 1)) * HOUR, arrival) for arrival in shuffled]


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
        dealt[draw(below(4))].append(arrival)
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
