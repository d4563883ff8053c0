"""The volunteers' desk of the demo: meetings, forms, wishes about contact, and an experiment with calls.

The calls are of the weeks before `today`: at noon (A), or in the evening (B), when more people are reached.
"""

from collections.abc import Iterator
from random import Random

from streams.demo.cast import Cast
from streams.demo.truth import Fields
from streams.demo.voice import DAY, HOUR, MINUTE, Spelling, Timed, Voice, utc

CALLS = "thank-you-call"
"""The id of the experiment."""

_REACHED = {"A": 0.18, "B": 0.42}
_RSVPS, _FORMS, _CONSENTS, _ASSIGNED = 800, 1_200, 600, 1_000
_FIRST_DAY, _LAST_DAY = utc(2011, 5, 1), utc(2012, 4, 20)
_TIME_ZONES = {
    "US-AK": "America/Anchorage",
    "US-AL": "America/Chicago",
    "US-AR": "America/Chicago",
    "US-AZ": "America/Phoenix",
    "US-CA": "America/Los_Angeles",
}
_SHOWS_UP = ("rsvp.attended",) * 6 + ("rsvp.no_show",) * 3 + ("rsvp.cancelled",)
_CHANNELS = ("email", "email", "text", "text", "phone", "phone", "door", "letter", "all")


def volunteering(rng: Random, cast: Cast, scale: float, today: int) -> Iterator[Timed]:
    """About `scale` times 5,300 interactions, 1 % of the forms taken back."""
    desk = Voice(rng, "volunteers/desk", "outreach-events", Spelling.MILLISECONDS)
    for _ in range(round(_RSVPS * scale)):
        yield from _meeting(desk, cast)
    for _ in range(round(_FORMS * scale)):
        yield from _form(desk, cast)
    for _ in range(round(_CONSENTS * scale)):
        yield _wish(desk, cast)
    research = Voice(rng, "research/assigner", "outreach-events", Spelling.MICROSECONDS)
    phones = Voice(rng, "field/phonebank", "canvass-events", Spelling.MILLISECONDS)
    for donor in cast.some(rng, round(_ASSIGNED * scale)):
        variant = rng.choice("AB")
        arm: Fields = {"experiment": {"id": CALLS, "variant": variant}}
        day = today - rng.randrange(20, 60) * DAY
        yield research.say("experiment.assigned", day + 12 * HOUR, donor.contact(), arm)
        call: Fields = {"method": "phone", "outcome": "contacted" if rng.random() < _REACHED[variant] else "no_answer"}
        at = day + (17 if variant == "A" else 24) * HOUR + rng.randrange(HOUR)
        yield phones.say("canvass.reported", at, donor.contact(), call)


def _meeting(desk: Voice, cast: Cast) -> Iterator[Timed]:
    rng = desk.rng
    starts = rng.randrange(_FIRST_DAY, _LAST_DAY, 7 * DAY) + 25 * HOUR
    contact = cast.one(rng).contact_by_email(rng)
    about: Fields = {"event_id": f"house-party-{starts // DAY}", "starts_at": desk.spelling.write(starts)}
    yield desk.say("rsvp.made", starts - rng.randrange(HOUR, 20 * DAY), contact, about)
    outcome = rng.choice(_SHOWS_UP)
    before = outcome == "rsvp.cancelled"
    yield desk.say(outcome, starts - 30 * MINUTE if before else starts + 3 * HOUR, contact, about)


def _form(desk: Voice, cast: Cast) -> Iterator[Timed]:
    rng = desk.rng
    kind = rng.choice(("petition", "petition", "signup", "volunteer"))
    donor = cast.one(rng)
    contact = donor.contact_by_email(rng)
    if donor.region in _TIME_ZONES:
        contact["time_zone"] = _TIME_ZONES[donor.region]
    filled_in = desk.say(
        "form.submitted", _some_day(rng), contact, {"form_id": f"{kind}-{rng.randrange(9)}", "kind": kind}
    )
    yield filled_in
    if rng.random() < 0.01:
        yield desk.take_back(filled_in, rng.randrange(HOUR, 2 * DAY))


def _wish(desk: Voice, cast: Cast) -> Timed:
    rng = desk.rng
    wish: Fields = {"channel": rng.choice(_CHANNELS), "granted": rng.random() < 0.6, "basis": "asked in person"}
    if wish["channel"] == "email" and rng.random() < 0.3:
        wish["list_id"] = "supporters"
    return desk.say("consent.changed", _some_day(rng), cast.one(rng).contact(), wish)


def _some_day(rng: Random) -> int:
    return rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(14 * HOUR, 28 * HOUR)
