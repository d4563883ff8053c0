"""The demo's invented desk work: meetings, forms, consent, suppressions, and an experiment with thank-you calls.

The calls are of the weeks before `today`: at noon (A), or in the evening (B), when more people are reached.
"""

from collections.abc import Iterator
from random import Random

from streams.demo.donors import Population
from streams.demo.source_system import DAY, HOUR, MINUTE, SourceSystem, TimedInteraction, TimeFormat, utc_midnight
from streams.demo.truth import Fields

CALLS = "thank-you-call"
"""The id of the experiment with calls."""

_REACHED = {"A": 0.18, "B": 0.42}
_RSVPS, _FORMS, _CONSENTS, _ASSIGNED = 800, 1_200, 600, 1_000
_FIRST_DAY, _LAST_DAY = utc_midnight(2011, 5, 1), utc_midnight(2012, 4, 20)
_SUPPRESSED_PEOPLE = 150
_FIRST_SUPPRESSION, _LAST_SUPPRESSION = utc_midnight(2011, 5, 1), utc_midnight(2012, 3, 1)
_TIME_ZONES = {
    "US-AK": "America/Anchorage",
    "US-AL": "America/Chicago",
    "US-AR": "America/Chicago",
    "US-AZ": "America/Phoenix",
    "US-CA": "America/Los_Angeles",
}
_SHOWS_UP = ("rsvp.attended",) * 6 + ("rsvp.no_show",) * 3 + ("rsvp.cancelled",)
_CHANNELS = ("email", "email", "text", "text", "phone", "phone", "door", "letter", "all")


def volunteering(rng: Random, population: Population, scale: float, today: int) -> Iterator[TimedInteraction]:
    """About `scale` times 5,300 interactions of the volunteers' desk; 1 % of the forms are retracted."""
    desk = SourceSystem(rng, "volunteers/desk", "outreach-events", TimeFormat.MILLISECONDS)
    for _ in range(round(_RSVPS * scale)):
        yield from _meeting(desk, population)
    for _ in range(round(_FORMS * scale)):
        yield from _form(desk, population)
    for _ in range(round(_CONSENTS * scale)):
        yield _wish(desk, population)
    research = SourceSystem(rng, "research/assigner", "outreach-events", TimeFormat.MICROSECONDS)
    phones = SourceSystem(rng, "field/phonebank", "canvass-events", TimeFormat.MILLISECONDS)
    for donor in population.some(rng, round(_ASSIGNED * scale)):
        variant = rng.choice("AB")
        arm: Fields = {"experiment": {"id": CALLS, "variant": variant}}
        day = today - rng.randrange(20, 60) * DAY
        yield research.say("experiment.assigned", day + 12 * HOUR, donor.contact(), arm)
        call: Fields = {"method": "phone", "outcome": "contacted" if rng.random() < _REACHED[variant] else "no_answer"}
        at = day + (17 if variant == "A" else 24) * HOUR + rng.randrange(HOUR)
        yield phones.say("canvass.reported", at, donor.contact(), call)


def _meeting(desk: SourceSystem, population: Population) -> Iterator[TimedInteraction]:
    rng = desk.rng
    starts = rng.randrange(_FIRST_DAY, _LAST_DAY, 7 * DAY) + 25 * HOUR
    contact = population.one(rng).contact_by_email(rng)
    about: Fields = {"event_id": f"house-party-{starts // DAY}", "starts_at": desk.spelling.write(starts)}
    yield desk.say("rsvp.made", starts - rng.randrange(HOUR, 20 * DAY), contact, about)
    outcome = rng.choice(_SHOWS_UP)
    before = outcome == "rsvp.cancelled"
    yield desk.say(outcome, starts - 30 * MINUTE if before else starts + 3 * HOUR, contact, about)


def _form(desk: SourceSystem, population: Population) -> Iterator[TimedInteraction]:
    rng = desk.rng
    kind = rng.choice(("petition", "petition", "signup", "volunteer"))
    donor = population.one(rng)
    contact = donor.contact_by_email(rng)
    if donor.region in _TIME_ZONES:
        contact["time_zone"] = _TIME_ZONES[donor.region]
    filled_in = desk.say(
        "form.submitted", _some_day(rng), contact, {"form_id": f"{kind}-{rng.randrange(9)}", "kind": kind}
    )
    yield filled_in
    if rng.random() < 0.01:
        yield desk.take_back(filled_in, rng.randrange(HOUR, 2 * DAY))


def _wish(desk: SourceSystem, population: Population) -> TimedInteraction:
    rng = desk.rng
    wish: Fields = {"channel": rng.choice(_CHANNELS), "granted": rng.random() < 0.6, "basis": "asked in person"}
    if wish["channel"] == "email" and rng.random() < 0.3:
        wish["list_id"] = "supporters"
    return desk.say("consent.changed", _some_day(rng), population.one(rng).contact(), wish)


def _some_day(rng: Random) -> int:
    return rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(14 * HOUR, 28 * HOUR)


def suppressions(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """Suppression commands for about `scale` times 150 people, for good or until a day; 10 % are retracted."""
    source, spelling = "office/desk", TimeFormat.LOCAL_SECONDS
    commands = SourceSystem(rng, source, "contact-commands", spelling)
    letters = SourceSystem(rng, source, "outreach-events", spelling)
    for donor in population.some(rng, round(_SUPPRESSED_PEOPLE * scale)):
        for _ in range(rng.choice((1, 1, 1, 2))):
            at = rng.randrange(_FIRST_SUPPRESSION, _LAST_SUPPRESSION, DAY) + rng.randrange(14 * HOUR, 23 * HOUR)
            ends: Fields = {"until": spelling.write(at + 60 * DAY)} if rng.random() < 0.5 else {}
            command = commands.say("contact.suppressed", at, donor.contact(), ends)
            yield command
            if rng.random() < 0.1:
                yield letters.take_back(command, rng.randrange(HOUR, 5 * DAY))
