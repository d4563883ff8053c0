"""Laws of what a person has heard."""

from collections.abc import Iterator, Sequence

from hypothesis import event, example, given
from hypothesis import strategies as st

from events.interactions.base import Purpose
from events.json_types import JSON
from events.outputs import ContactProfile, Touch
from events.times import render_time
from streams.domain.contact import ContactState, merge, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced
from streams.domain.pressure import PermissionRequest, Policy, decide
from streams.domain.pressure.known_by import is_known_otherwise
from streams.domain.pressure.policy import CHANNELS, UnknownAnswers
from tests.property.domain.contact.strategies import deliveries, few, fields, parts
from tests.property.domain.pressure.recount import may_be_reached, over_a_cap
from tests.property.domain.pressure.strategies import PURPOSES, TEAMS, policies, requests
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, by, folded, retracted, said

ZONE = "America/New_York"
ANYBODY = UnknownAnswers(email="allow", text="allow", phone="allow", door="allow", letter="allow")
SHOWING, UNDOING = ("sent", "delivered"), ("bounced", "dropped", "failed")
OUTCOMES = ("contacted", "refused", "left_message", "language_barrier", "not_home", "lit_drop", "busy")
REACHED = {"contacted", "refused", "left_message", "language_barrier"}
moments = st.integers(-29 * 24, 0).map(lambda hours: NOON + hours * HOUR)
some = policies().map(lambda policy: policy.model_copy(update={"unknown": ANYBODY}))
later = st.integers(0, 72 * 4).map(lambda quarters: NOON + quarters * HOUR // 4)


@st.composite
def heard(draw: st.DrawFn) -> list[Arrival]:
    """Messages that were sent, came, came back; visits, calls, letters, some of which reached nobody."""
    found = []
    for number in range(draw(st.integers(1, 10))):
        source, at = f"{draw(st.sampled_from(TEAMS))}/a", draw(moments)
        if draw(st.booleans()):
            channel = draw(st.sampled_from(["email", "text"]))
            what = draw(st.sampled_from([*SHOWING, *SHOWING, "bounced" if channel == "email" else "failed"]))
            data = {"message_id": draw(st.sampled_from("klmnop"))}
            if what in SHOWING:
                data["purpose"] = draw(st.sampled_from([*PURPOSES, "transactional"]))
            if what == "bounced":
                data["kind"] = "soft"
            one = said(f"{channel}.{what}", f"i{number}", at, time_zone=ZONE, **data)
        else:
            method, outcome = draw(st.sampled_from(["door", "phone", "letter"])), draw(st.sampled_from(OUTCOMES))
            one = said("canvass.reported", f"i{number}", at, time_zone=ZONE, method=method, outcome=outcome)
        found.append(by(source, one))
    return found


def recounted(arrivals: Sequence[Arrival]) -> list[Touch]:
    """Of each message the earliest word, unless it came back; of reports that reached somebody one a day or each."""
    first: dict[object, Touch] = {}
    undone = {key for arrival in arrivals for key in _undone(arrival)}
    for arrival in sorted(arrivals, key=lambda one: (one.interaction.time, one.interaction.source, one.interaction.id)):
        heard, data = arrival.interaction, arrival.interaction.data.model_dump()
        channel, _, what = heard.type.partition(".")
        purpose: Purpose = data.get("purpose") or "informational"
        if channel == "canvass":
            channel = data["method"]
            key: object = (channel, heard.time // DAY) if channel in {"door", "letter"} else (channel, heard.id)
            reached = data["outcome"] in REACHED
        else:
            key, reached = (channel, data["message_id"]), what in SHOWING
        if reached and key not in undone:
            first.setdefault(key, _touch(arrival, channel, purpose))
    return [*first.values()]


def _undone(arrival: Arrival) -> Iterator[object]:
    channel, _, what = arrival.interaction.type.partition(".")
    if what in UNDOING:
        yield channel, arrival.interaction.data.message_id  # type: ignore[attr-defined]


def _touch(arrival: Arrival, channel: str, purpose: Purpose) -> Touch:
    heard = arrival.interaction
    assert channel in CHANNELS
    return {
        "channel": channel,
        "purpose": purpose,
        "at": render_time(heard.time),
        "team": heard.source.partition("/")[0],
        "source": heard.source,
        "id": heard.id,
    }


def known(*arrivals: Arrival) -> ContactProfile:
    return profile(DONOR, folded(*arrivals))


@given(heard(), some, requests, later)
def test_it_is_allowed_exactly_where_a_recount_of_all_that_was_said_finds_room(
    arrivals: list[Arrival], policy: Policy, request: PermissionRequest, at: int
) -> None:
    touches = recounted(arrivals)
    decision = decide(known(*arrivals), policy, request, at)
    event(f"{decision.decision} {decision.reason}, {min(len(touches), 4)} touches")
    plain: ContactProfile = known() | {"touches": touches}
    assert (decision.decision == "allow") == may_be_reached(plain, policy, request, at, [ZONE], [])
    assert decision.decision != "allow" or not over_a_cap(policy, touches, request, at)


@given(heard(), some, requests, later, st.data())
def test_the_answer_is_the_same_in_whatever_order_and_parts_the_touches_are_heard(
    arrivals: list[Arrival], policy: Policy, request: PermissionRequest, at: int, data: st.DataObject
) -> None:
    answer = decide(known(*arrivals), policy, request, at)
    event(f"{answer.decision} {answer.reason}")
    assert decide(known(*data.draw(deliveries(arrivals))), policy, request, at) == answer
    state = folded()
    for part in data.draw(parts(data.draw(deliveries(arrivals)))):
        state = merge(state, folded(*part))
    assert decide(profile(DONOR, state), policy, request, at) == answer


KINDS = ("petition", "rented", "self")
PROVENANCE = st.none() | fields({"kind": few(*KINDS)}, {"file": few("a", "b"), "notice": few("n")})
TYPES: dict[str, dict[str, JSON]] = {
    "form.submitted": {"form_id": "f"},
    "consent.changed": {"channel": "email", "granted": False},
    "canvass.reported": {"method": "door", "outcome": "refused"},
}
SOURCES = st.lists(few("petition", "rented"), unique=True)

Said = tuple[str, JSON, bool]
"""A type, its provenance, and whether it is taken back."""


def part_of(saying: list[Said]) -> ContactState:
    arrivals: list[Arrival] = []
    for number, (type_, provenance, is_gone) in enumerate(saying):
        source = {} if provenance is None else {"provenance": provenance}
        arrivals.append(said(type_, f"{number}", NOON + number, **TYPES[type_], **source))
        arrivals += [retracted(f"{number}", f"r{number}")] if is_gone else []
    return folded(*arrivals)


SAYINGS = st.lists(st.tuples(few(*TYPES), PROVENANCE, st.integers(0, 5).map(lambda one: one == 0)), max_size=6)


@given(SAYINGS, st.booleans(), SOURCES)
@example(
    [("form.submitted", {"kind": "self"}, False), ("consent.changed", {"kind": "petition"}, False)], False, KINDS[:1]
)
@example([("form.submitted", None, False), ("consent.changed", {"kind": "petition"}, False)], True, KINDS[:1])
@example([("consent.changed", {"kind": "petition"}, False)] * 2, False, KINDS[:1])
@example([("consent.changed", {"kind": "petition", "file": file}, False) for file in "ab"], True, KINDS[:1])
def test_a_part_that_is_too_large_makes_nobody_known_or_unknown(
    saying: list[Said], unnamed: bool, sources: list[str]
) -> None:
    own = folded(said("consent.changed", "own", channel="door", granted=False, provenance={"kind": "petition"}))
    part = part_of(saying)

    whole = is_known_otherwise(profile(DONOR, person({DONOR: own, "b": part})), sources)
    short = is_known_otherwise(profile(DONOR, person({DONOR: own, "b": reduced(part, unnamed=unnamed)})), sources)

    event(f"known: {whole}")
    assert short == whole
