"""What happens in the French demo: rolls, forms, consents and their ends, doors, gifts, and people who go silent.

A share of what is sent comes from files that nothing is taken from; those records must end in `dead-letters`.
"""

from collections.abc import Iterator
from random import Random

from events.times import render_time
from streams.demo.arrival import arrivals
from streams.demo.encoding import attributes, body, encode
from streams.demo.french.people import Citizen, citizens
from streams.demo.script import Script
from streams.demo.source_system import DAY, HOUR, SourceSystem, TimedInteraction, TimeFormat
from streams.demo.truth import ContactFields, Fields, Provenance, Publication, Sent

PEOPLE = 2_000
YEAR = 365 * DAY
REFUSED_KINDS = ("petition", "staff", "civic_register")
_SILENT = 0.15
_OUTCOMES = ("contacted", "not_home", "contacted", "refused", "left_message")


def french_script(seed: int, scale: float, today: int) -> Script:
    """The whole input of a run: about `scale` times 12,000 records. `today`: a midnight, ms, UTC."""
    rng = Random(seed)  # nosec B311 # invented people, no secrets
    systems = _Systems(rng)
    people = citizens(round(PEOPLE * scale), rng)
    said = [one for person in people for one in _life(systems, person, today)]
    good = [one.publication for one in arrivals(rng, said)]
    return Script([*good, *_refused(rng, systems, people, today)], [])


class _Systems:
    """The campaign's systems, each with its own way of writing times."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.rolls = SourceSystem(rng, "listes/import", "outreach-events", TimeFormat.MILLISECONDS)
        self.site = SourceSystem(rng, "site/formulaires", "outreach-events", TimeFormat.MICROSECONDS)
        self.mailer = SourceSystem(rng, "courriel/envois", "email-events", TimeFormat.MILLISECONDS)
        self.texts = SourceSystem(rng, "sms/envois", "outreach-events", TimeFormat.MICROSECONDS)
        self.field = SourceSystem(rng, "terrain/porte-a-porte", "canvass-events", TimeFormat.MILLISECONDS)
        self.gifts = SourceSystem(rng, "dons/mandataire", "donation-events", TimeFormat.MILLISECONDS)


def _life(systems: _Systems, person: Citizen, today: int) -> Iterator[TimedInteraction]:
    rng = systems.rng
    silent = rng.random() < _SILENT
    begins = today - (4 * YEAR if silent else rng.randrange(60, 900) * DAY)
    yield from _sources(systems, person, begins)
    yield from _consents(systems, person, begins + DAY)
    yield from _field(systems, person, begins + 2 * DAY)
    if rng.random() < 0.12:
        fields: Fields = {
            "donation_id": f"mandataire:{rng.getrandbits(48):012x}",
            "amount": rng.choice([1_000, 2_500, 5_000]),
            "currency": "EUR",
            "provenance": {"kind": "self"},
        }
        yield systems.gifts.say("donation.made", begins + 3 * DAY, person.by_email(), fields)
    if rng.random() < 0.2:  # also of those who were silent
        came: Fields = {"event_id": "reunion-publique"}
        yield systems.site.say("rsvp.attended", today - 5 * DAY, person.by_email(), came)
    yield from _mail(systems, person, today, silent=silent)


def _sources(systems: _Systems, person: Citizen, at: int) -> Iterator[TimedInteraction]:
    rng = systems.rng
    roll: Provenance = {"kind": "voter_list", "file": "listes-2026-02", "notice": "art14/v1"}
    yield systems.rolls.say("provenance.reported", at, person.contact(), {"provenance": roll})
    if rng.random() < 0.15:
        rented: Provenance = {"kind": "rented", "file": "loueur-a", "notice": None}
        yield systems.rolls.say("provenance.reported", at + HOUR, person.by_landline(rng), {"provenance": rented})
        if person.number % 2:  # the others were never told
            when: Provenance = {"notice": "art14/v2", "notice_by": "letter", "notice_at": render_time(at + 9 * DAY)}
            told: Provenance = {**rented, **when}
            yield systems.rolls.say("provenance.reported", at + 10 * DAY, person.contact(), {"provenance": told})
    if rng.random() < 0.5:
        kind = "petition" if rng.random() < 0.5 else "signup"
        origin: Provenance = {"kind": "self", "notice": "art13/v2"}
        if rng.random() < 0.8:
            origin["of_age"] = rng.random() < 0.9
        form: Fields = {"form_id": "retraites", "kind": kind, "provenance": origin}
        yield systems.site.say("form.submitted", at + 2 * HOUR, person.by_email(), form)


def _consents(systems: _Systems, person: Citizen, at: int) -> Iterator[TimedInteraction]:
    """A yes for a channel or a purpose, some without a proof, some taken back later, by the same person."""
    rng = systems.rng
    wanted: tuple[tuple[str, str | None, float, ContactFields], ...] = (
        ("email", None, 0.4, person.by_email()),
        ("email", "fundraising", 0.2, person.by_email()),
        ("text", None, 0.3, person.by_mobile(rng)),
        ("phone", "automatic_calls", 0.15, person.by_mobile(rng)),
        ("all", "online_ads", 0.4, person.by_email()),
    )
    for channel, purpose, share, contact in wanted:
        if rng.random() >= share:
            continue
        fields: Fields = {"channel": channel, "granted": True, "basis": "consent", "wording": "formulaire-7/v3"}
        if purpose is not None:
            fields["purpose"] = purpose
        if rng.random() < 0.85:
            fields["proof"] = f"formulaire:{rng.getrandbits(32):08x}"
        fields["provenance"] = {"kind": "self", "notice": "art13/v2"}
        yield systems.site.say("consent.changed", at, contact, fields)
        if rng.random() < 0.15:
            withdrawn: Fields = {"channel": channel, "granted": False}
            if purpose is not None:
                withdrawn["purpose"] = purpose
            yield systems.site.say("consent.changed", at + rng.randrange(1, 20) * DAY, contact, withdrawn)


def _field(systems: _Systems, person: Citizen, at: int) -> Iterator[TimedInteraction]:
    rng = systems.rng
    if rng.random() >= 0.4:
        return
    outcome = rng.choice(_OUTCOMES)
    told = outcome == "contacted" and rng.random() < 0.5
    report: Fields = {"method": "door", "outcome": outcome, "report_id": f"r{rng.getrandbits(40):010x}"}
    if told:
        report["provenance"] = {"kind": "canvass", "notice": "art13/v2"}
    contact = person.by_mobile(rng) if told else person.contact()
    yield systems.field.say("canvass.reported", at, contact, report)


def _mail(systems: _Systems, person: Citizen, today: int, *, silent: bool) -> Iterator[TimedInteraction]:
    """What is sent, also to who has long been silent, and what some do with it."""
    rng = systems.rng
    for number in range(rng.randrange(0, 4)):
        at = today - (number * 5 + 2) * DAY
        message: Fields = {"message_id": f"m{person.number}-{number}", "purpose": "mobilisation"}
        yield systems.mailer.say("email.sent", at, person.by_email(), message)
        if not silent and rng.random() < 0.1:
            clicked: Fields = {"message_id": message["message_id"], "url": "https://example.org/", "machine": False}
            yield systems.mailer.say("email.clicked", at + HOUR, person.by_email(), clicked)
        elif not silent and rng.random() < 0.05:
            yield systems.mailer.say("email.unsubscribed", at + HOUR, person.by_email(), {})
    if not silent and rng.random() < 0.05:
        yield systems.texts.say("text.opted_out", today - DAY, person.by_mobile(rng), {"keyword": "STOP"})


def _refused(rng: Random, systems: _Systems, people: list[Citizen], today: int) -> Iterator[Publication]:
    """Rows of files that were made for another purpose, of people whom the campaign knows."""
    for place, person in enumerate(people[::40]):
        kind = REFUSED_KINDS[place % len(REFUSED_KINDS)]
        row: Fields = {"provenance": {"kind": kind, "file": "autre-finalite"}}
        sent: Sent = systems.rolls.say("provenance.reported", today - DAY, person.by_email(), row).sent
        value, headers = encode(attributes(sent), body(sent), rng)
        yield Publication(sent.topic, None, value, headers, sent, "bad", False, "refused_source")
