"""Mailboxes of the demo that are full for weeks: what is sent there comes back, and now and then something gets in."""

from collections.abc import Iterator
from random import Random

from streams.demo.cast import Cast
from streams.demo.truth import ContactFields, Fields
from streams.demo.voice import DAY, HOUR, SECOND, Spelling, Timed, Voice, utc

_MAILBOXES = 40
_FIRST_DAY, _LAST_DAY = utc(2011, 6, 1), utc(2012, 2, 20)
_GETS_IN = 0.15


def full_mailboxes(rng: Random, cast: Cast, scale: float) -> Iterator[Timed]:
    """About `scale` times 40 mailboxes, a reminder a week to each."""
    voice = Voice(rng, "finance/reminders", "email-events", Spelling.MILLISECONDS)
    for number, donor in enumerate(cast.some(rng, round(_MAILBOXES * scale))):
        starts = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(15 * HOUR, 22 * HOUR)
        for week in range(rng.randint(3, 6)):
            about: Fields = {"message_id": f"reminder-{number}.{week}"}
            yield from _reminder(voice, starts + 7 * week * DAY, donor.contact_by_email(rng), about)


def _reminder(voice: Voice, at: int, contact: ContactFields, about: Fields) -> Iterator[Timed]:
    yield voice.say("email.sent", at, contact, {**about, "purpose": "transactional"})
    if voice.rng.random() < _GETS_IN:
        yield voice.say("email.delivered", at + SECOND, contact, about)
        return
    full: Fields = {**about, "kind": "soft", "reason": "mailbox full"}
    yield voice.say("email.bounced", at + voice.rng.randrange(SECOND, 2 * DAY), contact, full)
