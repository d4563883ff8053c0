"""The demo's invented text messages: those sent and failed, answers, and STOP."""

from collections.abc import Iterator
from random import Random

from streams.demo.donors import Population
from streams.demo.source_system import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    SourceSystem,
    TimedInteraction,
    TimeFormat,
    utc_midnight,
)
from streams.demo.truth import ContactFields, Fields

_SENDS = 5_000
_CAMPAIGN = 500
_FIRST_DAY, _LAST_DAY = utc_midnight(2011, 6, 1), utc_midnight(2012, 4, 24)
_SENDERS = ("62012", "62013")


def text_messages(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """All text events of about `scale` times 5,000 messages."""
    system = SourceSystem(rng, "outreach/textbank", "outreach-events", TimeFormat.MICROSECONDS)
    left = round(_SENDS * scale)
    number = 0
    while left > 0:
        number += 1
        name, sender = f"text-{number}", _SENDERS[number % len(_SENDERS)]
        starts = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(17 * HOUR, 23 * HOUR)
        for place, donor in enumerate(population.some(rng, min(_CAMPAIGN, left))):
            about: Fields = {"message_id": f"{name}.{place}", "campaign_id": name, "sender": sender}
            yield from text_message(system, starts + place * SECOND, donor.contact_by_phone(rng), about)
        left -= min(_CAMPAIGN, left)


def text_message(system: SourceSystem, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
    """One text message sent at `at` (ms), and what comes of it within eight hours, or nine days after a STOP."""
    rng, say = system.rng, system.say
    yield say("text.sent", at, contact, {**about, "purpose": "mobilisation"})
    if rng.random() < 0.05:
        yield say("text.failed", at + 3 * SECOND, contact, about)
        return
    yield say("text.delivered", at + rng.randrange(SECOND, MINUTE), contact, about)
    answered = at + rng.randrange(MINUTE, 8 * HOUR)
    chance = rng.random()
    if chance < 0.06:
        yield say("text.replied", answered, contact, {**about, "keyword": rng.choice(("YES", "NO", "INFO"))})
    elif chance < 0.08:
        one_sender: Fields = {} if chance < 0.072 else {"sender": about["sender"]}
        stop: Fields = {"message_id": about["message_id"], "keyword": "STOP", **one_sender}
        yield say("text.opted_out", answered, contact, stop)
        if rng.random() < 0.4:
            start: Fields = {"channel": "text", "granted": True, "basis": "texted START", **one_sender}
            yield say("consent.changed", answered + rng.randrange(9 * DAY), contact, start)
