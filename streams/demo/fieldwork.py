"""The demo's invented field work: doors, calls, letters, and ballots as the voter file reports them."""

from collections.abc import Iterator
from random import Random
from typing import TypeVar

from streams.demo.donors import Donor, Population
from streams.demo.source_system import DAY, HOUR, MINUTE, SourceSystem, TimedInteraction, TimeFormat, utc_midnight
from streams.demo.truth import Fields

_REPORTS = 9_000
_BALLOTS = 1_200
_FIRST_DAY, _LAST_DAY = utc_midnight(2011, 5, 1), utc_midnight(2012, 4, 28)
_PRIMARY = utc_midnight(2012, 2, 28)

Drawn = TypeVar("Drawn")

_METHODS = {"door": 50, "phone": 34, "text": 6, "letter": 4, "relational": 6}
_OUTCOMES = {
    "door": {
        "contacted": 26,
        "not_home": 48,
        "refused": 8,
        "lit_drop": 9,
        "moved": 4,
        "inaccessible": 3,
        "other": 2,
        "deceased": 1,
    },
    "phone": {
        "contacted": 18,
        "no_answer": 38,
        "left_message": 22,
        "busy": 6,
        "refused": 7,
        "disconnected": 4,
        "wrong_number": 4,
        "do_not_contact": 1,
    },
    "text": {"contacted": 40, "no_answer": 52, "wrong_number": 6, "do_not_contact": 2},
    "letter": {"contacted": 93, "moved": 5, "do_not_contact": 2},
    "relational": {"contacted": 80, "language_barrier": 2, "deceased": 1, "other": 17},
}
_CORRECTED = ("other", "contacted", "deceased", "do_not_contact", "wrong_number")
_SUPPORT = {1: 44, 2: 26, 3: 15, 4: 8, 5: 7}
_ISSUES = ("jobs", "taxes", "health care", "schools", "energy")
_TAGS = ("volunteer", "yard-sign", "host", "absentee", "language:es")


def canvassing(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """About `scale` times 9,000 canvass reports; 2 % come again under the same report_id, 1 % are retracted.

    A report that comes again may differ and bear an earlier time: then that version counts. One in fifty who was
    met is visited or written to once more, by evening or after midnight.
    """
    app = SourceSystem(rng, "field/minivan", "canvass-events", TimeFormat.LOCAL_SECONDS)
    phones = SourceSystem(rng, "field/phonebank", "canvass-events", TimeFormat.MILLISECONDS)
    for number in range(round(_REPORTS * scale)):
        method = _draw(rng, _METHODS)
        system = app if method in ("door", "letter", "relational") else phones
        report = _report(system, method, population.one(rng), number)
        yield report
        chance = rng.random()
        if chance < 0.02:
            told_again: Fields = {**report.sent.fields, "outcome": rng.choice(_CORRECTED)}
            at = report.at + rng.choice((5, 5, -5)) * MINUTE
            yield system.say(report.sent.type, at, report.sent.contact, told_again)
        if 0.015 <= chance < 0.025:
            yield system.take_back(report, rng.randrange(HOUR, 3 * DAY))
        if method in ("door", "letter") and report.sent.fields["outcome"] == "contacted" and rng.random() < 0.02:
            again: Fields = {"method": method, "outcome": "contacted", "canvasser_id": "canvasser-again"}
            yield system.say(report.sent.type, report.at + rng.randrange(HOUR, 9 * HOUR), report.sent.contact, again)


def _report(system: SourceSystem, method: str, donor: Donor, number: int) -> TimedInteraction:
    rng = system.rng
    fields = findings(rng, method, f"{system.source}:{number}")
    contact = donor.contact_by_phone(rng) if method in ("phone", "text") else donor.contact()
    at = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(16 * HOUR, 28 * HOUR)
    return system.say("canvass.reported", at, contact, fields)


def findings(rng: Random, method: str, report_id: str, turf: str | None = None) -> Fields:
    """The fields of one canvass report; four of five have the id. `turf`: of a door, None: any."""
    outcome = _draw(rng, _OUTCOMES[method])
    fields: Fields = {"method": method, "outcome": outcome, "canvasser_id": f"canvasser-{rng.randrange(120)}"}
    if rng.random() < 0.8:
        fields["report_id"] = report_id
    if method == "door":
        fields["turf"] = f"turf-{rng.randrange(60)}" if turf is None else turf
    if outcome == "contacted":
        _conversation(rng, fields)
    return fields


def _conversation(rng: Random, fields: Fields) -> None:
    if rng.random() < 0.75:
        fields["support"] = _draw(rng, _SUPPORT)
    if rng.random() < 0.4:
        fields["answers"] = {"van:17": rng.choice(_ISSUES), "van:21": rng.choice(("yes", "no", "unsure"))}
    if rng.random() < 0.3:
        fields["tags_added"] = rng.sample(_TAGS, rng.choice((1, 1, 2)))
    if rng.random() < 0.08:
        fields["tags_removed"] = [rng.choice(_TAGS)]


def ballots(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """About `scale` times 1,200 ballots by mail: asked for, sent, and most of them returned."""
    system = SourceSystem(rng, "field/votefile", "canvass-events", TimeFormat.LOCAL_SECONDS)
    for donor in population.some(rng, round(_BALLOTS * scale)):
        at = _PRIMARY - rng.randrange(25 * DAY, 40 * DAY)
        steps = ["requested", "sent"]
        if rng.random() < 0.7:
            steps += ["rejected", "cured", "voted"] if rng.random() < 0.04 else ["returned", "voted"]
        for step in steps:
            yield system.say("ballot.reported", at, donor.contact(), {"election": "2012-primary", "status": step})
            at += rng.randrange(DAY, 9 * DAY)


def _draw(rng: Random, weights: dict[Drawn, int]) -> Drawn:
    return rng.choices(list(weights), list(weights.values()))[0]
