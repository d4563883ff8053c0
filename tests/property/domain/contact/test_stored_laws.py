"""Laws of the ledger, and of what it adds."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st

from events.outputs import ContactProfile
from events.registry import MESSAGES
from events.times import render_time
from streams.domain.contact import ContactState, profile
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import packed, unpacked
from tests.property.domain.contact.contributions import contributions
from tests.property.domain.contact.strategies import deliveries, key, lives
from tests.unit.domain.contact.said import DAY, DONOR, NOON, Arrival, appended, fold

WEEK, MONTH = 7 * DAY, 30 * DAY
COSTS = {"door": 3000, "phone": 2000, "text": 1500, "letter": 500, "email": 1000}
REACHED = ("contacted", "refused", "left_message", "language_barrier")
SHOWS = ("email.sent", "email.delivered", "text.sent", "text.delivered")
KILLS = ("email.bounced", "email.dropped", "text.failed")

Key = tuple[str, str]


class Touch(NamedTuple):
    """When it was, and since when (append time) it has been known."""

    stamp: tuple[int, str, str]
    channel: str
    known: int


@st.composite
def histories(draw: st.DrawFn) -> list[Arrival]:
    """What happened to a contact and copies of some of it, in the order in which it is appended within two months."""
    delivered = sorted(draw(deliveries(draw(lives()), days=60)), key=lambda arrival: arrival.appended_at)
    return [appended(arrival.appended_at + n, arrival) for n, arrival in enumerate(delivered)]


@given(histories())
def test_touches_are_those_of_a_recount_that_keeps_everything(history: list[Arrival]) -> None:
    known: ContactProfile = profile(DONOR, fold(ContactState(), history)[0])
    expected, horizon = recount(history)
    assert [(touch["at"], touch["source"], touch["id"], touch["channel"]) for touch in known["touches"]] == [
        (render_time(touch.stamp[0]), *touch.stamp[1:], touch.channel) for touch in expected
    ]
    event(f"forgotten: {horizon > NOON}, listed: {len(expected)}")


@given(histories())
def test_pressure_is_what_the_listed_touches_amount_to(history: list[Arrival]) -> None:
    known = profile(DONOR, fold(ContactState(), history)[0])
    points: dict[str, int] = {}
    listed = {key(arrival): arrival.interaction for arrival in history}
    latest = max((listed[touch["source"], touch["id"]].time for touch in known["touches"]), default=None)
    for touch in known["touches"]:
        said = listed[touch["source"], touch["id"]]
        cost = 0 if touch["purpose"] == "transactional" else COSTS[touch["channel"]]
        points[touch["channel"]] = points.get(touch["channel"], 0) + round_up(cost, (latest or 0) - said.time)
    assert known["pressure"] == {"points": points, "as_of": None if latest is None else render_time(latest)}


def round_up(cost: int, age: int) -> int:
    """The nearest integer to what is left of a cost; half is rounded up."""
    left: float = cost * 0.5 ** (age / WEEK)
    return int(left) + (left - int(left) >= 0.5)


@given(histories())
def test_a_channel_has_a_stop_if_and_only_if_consent_says_no(history: list[Arrival]) -> None:
    known = profile(DONOR, fold(ContactState(), history)[0])
    refused = {channel for channel, granted in known["consent"].items() if not granted}
    assert known["stops"].keys() - {"all", "lists", "senders"} == refused
    assert known["email"]["subscribed"] == ("email" not in known["stops"])


def recount(history: Sequence[Arrival]) -> tuple[list[Touch], int]:
    """The listed touches, and the time before which all is forgotten: looked for again at each arrival."""
    known: dict[Key, Arrival] = {}
    horizon = -(2**62)
    for arrival in history:
        for touch in touches(known.values()):
            if touch.known + WEEK < arrival.appended_at:
                horizon = max(horizon, touch.stamp[0] - MONTH)
        known.setdefault(key(arrival), arrival)
    left = sorted((touch for touch in touches(known.values()) if touch.stamp[0] >= horizon), reverse=True)
    return [touch for touch in left if touch.stamp[0] >= left[0].stamp[0] - MONTH], horizon


def touches(known: Iterable[Arrival]) -> list[Touch]:
    """Everything that reached the person, as far as it is known."""
    counted = sorted(counting(list(known)), key=stamp)
    dead = {message(arrival) for arrival in counted if arrival.interaction.type in KILLS}
    shown: dict[Key, list[Arrival]] = {}
    for arrival in counted:
        if arrival.interaction.type in SHOWS and message(arrival) not in dead:
            shown.setdefault(message(arrival), []).append(arrival)
    of_messages = [
        Touch(stamp(words[0]), channel, min(word.appended_at for word in words))
        for (channel, _), words in shown.items()
    ]
    return [*of_messages, *of_reports(counted)]


def of_reports(counted: Iterable[Arrival]) -> Iterator[Touch]:
    versions, days = set(), set()
    for arrival in counted:
        said = arrival.interaction
        if said.type != "canvass.reported":
            continue
        name, method, outcome = (getattr(said.data, field) for field in ("report_id", "method", "outcome"))
        if name in versions or outcome not in REACHED or method == "relational":
            versions.add(name)
            versions.discard(None)
            continue
        versions.update([] if name is None else [name])
        if method in ("door", "letter"):
            if (method, said.time // DAY) in days:
                continue
            days.add((method, said.time // DAY))
        yield Touch(stamp(arrival), method, arrival.appended_at)


def counting(known: Sequence[Arrival]) -> list[Arrival]:
    """What was not taken back: of a message within a week."""
    gone: dict[Key, int] = {}
    for arrival in known:
        retracts = getattr(arrival.interaction.data, "retracts", None)
        if retracts is not None:
            gone.setdefault((retracts.source, retracts.id), arrival.appended_at)
    return [
        arrival
        for arrival in known
        if arrival.interaction.type != "interaction.retracted"
        and not (
            key(arrival) in gone
            and (arrival.interaction.type not in MESSAGES or gone[key(arrival)] <= arrival.appended_at + WEEK)
        )
    ]


def message(arrival: Arrival) -> Key:
    """Channel and message_id."""
    return arrival.interaction.type.partition(".")[0], arrival.interaction.data.message_id  # type: ignore[attr-defined]


def stamp(arrival: Arrival) -> tuple[int, str, str]:
    said = arrival.interaction
    return said.time, said.source, said.id


@given(contributions())
def test_contributions_are_the_same_after_packing_and_unpacking(person: list[Contribution]) -> None:
    found = packed(person)
    assert list(unpacked(found)) == person
    assert packed(unpacked(found)) == found
    assert list(found.experiments) == [each.experiment for each in person]
    event(f"experiments with the same outcomes: {len(person) - len(found.values)}")
