"""Policies, people and requests as they may come."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from events.interactions.base import Channel, Purpose
from events.outputs import ContactProfile, ProvenanceItem, Touch
from events.times import render_time
from streams.domain.pressure import PermissionRequest, Policy, Reservation
from streams.domain.pressure.policy_conditions import PolicyCondition
from tests.unit.domain.pressure.people import DAY, MINUTE, NOON, person, settings, touch

CHANNELS: Sequence[Channel] = ("email", "text", "phone", "door", "letter")
PURPOSES: Sequence[Purpose] = ("fundraising", "mobilisation", "informational")
TEAMS = ("digital", "field")
KINDS = ("self", "rented", "canvass")
WITHIN = ("0m", "71h", "3d", "28d")
ZONES: dict[str, tuple[str, ...]] = {
    "America/New_York": ("America/New_York",),
    "America/Phoenix": ("America/Phoenix",),
    "Asia/Kathmandu": ("Asia/Kathmandu",),
    "Australia/Lord_Howe": ("Australia/Lord_Howe",),
}
REGIONS: dict[str, tuple[str, ...]] = {
    "US-TN": ("America/Chicago", "America/New_York"),
    "US-NE": ("America/Chicago", "America/Denver"),
    "ES-CN": ("Africa/Ceuta", "Atlantic/Canary", "Europe/Madrid"),
}

windows = st.sampled_from(["1h", "6h", "1d", "3d", "7d", "30d"])
spans = st.sampled_from(["0m", "0m", "45m", "5h", "2d"])
hours = st.sampled_from(
    [
        {"daily": "00:00-24:00"},
        {"daily": "08:00-19:30"},
        {"daily": "09:00-17:00", "sunday": "closed", "monday": "10:00-24:00"},
        {"daily": "closed", "friday": "08:00-18:15"},
    ]
)


@st.composite
def caps(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"window": draw(windows), "at_most": draw(st.integers(1, 5))}]
    if draw(st.booleans()):
        purpose = draw(st.sampled_from(PURPOSES))
        found.append({"window": draw(windows), "at_most": draw(st.integers(1, 3)), "purpose": purpose})
    return found


@st.composite
def conditions(draw: st.DrawFn) -> PolicyCondition:
    purposes = tuple(sorted(draw(st.sets(st.sampled_from(PURPOSES)))))
    channel: Channel = draw(st.sampled_from(["phone", "email"]))
    automatic = channel == "phone" and draw(st.booleans())
    common: dict[str, Any] = {"channel": channel, "purposes": purposes, "automatic": automatic}
    required = draw(st.sampled_from(["provenance", "notice", "consent"]))
    if required == "notice":
        within = draw(st.sampled_from(WITHIN))
        return PolicyCondition.model_validate({"require": "notice", "within": within, **common})
    if required == "provenance":
        sources = tuple(sorted(draw(st.sets(st.sampled_from(KINDS)))))
        return PolicyCondition(require="provenance", sources=sources, **common)
    to, bases = draw(st.sampled_from([("automatic_calls", ()), (None, ("consent",)), ("fundraising", ("consent",))]))
    return PolicyCondition(require="consent", consent_to=to, bases=bases, **common)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    channels = [*CHANNELS, "any"]
    changes: dict[str, Any] = {f"caps__{channel}": draw(caps()) for channel in channels}
    changes |= {f"gaps__{name}": draw(spans) for name in (*CHANNELS, "across_channels", "across_teams")}
    changes |= {f"hours__{channel}": draw(hours) for channel in CHANNELS}
    budget = draw(st.none() | st.integers(3_000, 12_000))
    changes["points"] = None if budget is None else {"budget": budget}
    asked = draw(st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(WITHIN)), max_size=3))
    changes["conditions"] = [{"channel": name, "require": "notice", "within": span} for name, span in asked]
    return Policy.model_validate(settings(**changes))


times = st.integers(-31 * DAY, 2 * 3_600_000).map(lambda before: NOON + before)
round_times = st.integers(-31 * 1440, 120).map(lambda minutes: NOON + minutes * MINUTE)


@st.composite
def touches(draw: st.DrawFn, most: int = 8) -> list[Touch]:
    found = []
    for number in range(draw(st.integers(0, most))):
        purpose = draw(st.sampled_from([*PURPOSES, "transactional"]))
        at = draw(round_times | times)
        found.append(touch(at, draw(st.sampled_from(CHANNELS)), purpose, draw(st.sampled_from(TEAMS)), f"t{number}"))
    return found


@st.composite
def origins(draw: st.DrawFn) -> list[ProvenanceItem]:
    """Where somebody comes from, with notices of it: few kinds and files, so that some are of the same."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        at = draw(round_times | times)
        item: dict[str, Any] = {"kind": draw(st.sampled_from(KINDS)), "first_at": render_time(at), "addresses": []}
        last_at = render_time(at + draw(st.sampled_from([0, 0, DAY, 9 * DAY])))
        item |= {"last_at": last_at, "count": 2, "source": "lists/a", "id": f"p{number}"}
        item |= draw(st.sampled_from([{}, {"file": "a"}]))
        if draw(st.booleans()):
            item["obtained_at"] = render_time(draw(times))
        if draw(st.booleans()):
            item["notice"] = "art14/v1"
        if draw(st.booleans()):
            item["notice_at"] = render_time(draw(times))
        found.append(item)
    return found  # type: ignore[return-value]  # as profiles have them


@st.composite
def people(draw: st.DrawFn) -> tuple[ContactProfile, tuple[str, ...]]:
    """Somebody, and the zones in which that person may be."""
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(ZONES)))
        zones, where = {"time_zone": name, "region": None, "postal_code": None}, ZONES[name]
    else:
        name = draw(st.sampled_from(sorted(REGIONS)))
        zones, where = {"time_zone": None, "region": name, "postal_code": None}, REGIONS[name]
    return person(touches=draw(touches()), zones=zones, provenance=draw(origins())), where


requests = st.builds(
    PermissionRequest,
    channel=st.sampled_from(CHANNELS),
    purpose=st.sampled_from(PURPOSES),
    team=st.sampled_from(TEAMS),
)

reservations = st.lists(
    st.builds(
        Reservation,
        channel=st.sampled_from(CHANNELS),
        team=st.sampled_from(TEAMS),
        since=st.just(NOON - MINUTE),
        until=st.integers(-5, 90).map(lambda minutes: NOON + minutes * MINUTE),
    ),
    max_size=2,
)
