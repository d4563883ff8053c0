"""The demo's invented e-mail: campaigns of two teams, what became of each message, and mailboxes that are full.

The rates are those of a healthy political list: about 1.5 % bounce, a third opens (machines included), 3 % click, and
a few in a thousand want no more. Of every third campaign two subjects are tried, on half of its readers each; more open
the second one. Those went out in the weeks before `today`, since opens of long ago count in no experiment any more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random

from streams.demo.donors import Person, Population
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

SUBJECTS = "subject-"
"""What the ids of experiments with subjects begin with."""

_SENDS = 11_300
_CAMPAIGN = 800
_FIRST_DAY, _LAST_DAY = utc_midnight(2011, 4, 10), utc_midnight(2012, 4, 18)
_FULL_MAILBOXES = 40
_FIRST_REMINDER, _LAST_REMINDER = utc_midnight(2011, 6, 1), utc_midnight(2012, 2, 20)
_GETS_IN = 0.15
_BROWSERS = ("Mozilla/5.0 (Windows NT 6.1)", "Mozilla/5.0 (iPhone; CPU iPhone OS 5_0)", "Mozilla/5.0 (Macintosh)")
_OTHER_PURPOSES = ("informational", "mobilisation", "transactional")
_PROXY = "GoogleImageProxy"
_DRAWN_IN = 0.3
_A_WEEK_READ = 20
"""Days from such a mailing to today, at least: it is read for a week, and whoever left is back within nine days."""


def mailings(rng: Random, population: Population, scale: float, today: int) -> Iterator[TimedInteraction]:
    """All e-mail events of about `scale` times 11,300 messages."""
    left = round(_SENDS * scale)
    number = 0
    while left > 0:
        number += 1
        size = min(_CAMPAIGN, left)
        audience = population.some(rng, size)
        left -= size
        yield from _campaign(rng, number, today if size == _CAMPAIGN else None).to(audience)


def _campaign(rng: Random, number: int, today: int | None) -> "Mailing":
    """One mailing of the year. `today`: None where it is too small for two subjects."""
    fundraising = rng.random() < 0.6
    source = "finance/mailer" if fundraising else "digital/mailer"
    name = f"{'ask' if fundraising else 'news'}-{number}"
    purpose = "fundraising" if fundraising else rng.choice(_OTHER_PURPOSES)
    team: Fields = {"team": "youth"} if rng.random() < 0.1 else {}
    split = number % 3 == 0 and today is not None
    day, hour = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY), rng.randrange(15 * HOUR, 22 * HOUR)
    starts = hour + (today - (_A_WEEK_READ + number % 40) * DAY if today and split else day)
    system = SourceSystem(rng, source, "email-events", TimeFormat.MILLISECONDS)
    return Mailing(system, name, purpose, starts, team, split)


@dataclass(frozen=True, slots=True)
class Mailing:
    """One mailing, which begins at `starts` (ms), a message every `step` ms. `team`: where it is not the source's.

    `split`: two subjects are tried, and the second draws in the part `draw` of its readers.
    """

    system: SourceSystem
    name: str
    purpose: str
    starts: int
    team: Fields
    split: bool
    step: int = SECOND // 2
    draw: float = _DRAWN_IN

    def to(self, audience: Iterable[Person]) -> Iterator[TimedInteraction]:
        """All events of the mailing to these people, also those that happen days later."""
        for place, person in enumerate(audience):
            about: Fields = {"message_id": f"{self.name}.{place}", "campaign_id": self.name, **self.team}
            yield from self._message(self.starts + place * self.step, person.contact_by_email(self.system.rng), about)

    def _message(self, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
        say, rng = self.system.say, self.system.rng
        dropped = rng.random() < 0.005
        if dropped:
            yield say("email.dropped", at + SECOND, contact, {**about, "reason": "suppressed by the provider"})
            if rng.random() < 0.6:
                return
        sent: Fields = {**about, "purpose": self.purpose, "list_id": "supporters"}
        is_better = False
        if self.split:
            variant = rng.choice("AB")
            sent["experiment"] = {"id": f"{SUBJECTS}{self.name}", "variant": variant}
            is_better = variant == "B"
        yield say("email.sent", at, contact, sent)
        if dropped:
            return
        fate = rng.random()
        if fate < 0.005:
            hard: Fields = {**about, "kind": "hard", "reason": "no such user"}
            bounced = say("email.bounced", at + 2 * SECOND, contact, hard)
            yield bounced
            if rng.random() < 0.1:
                yield self.system.take_back(bounced, HOUR)
        elif fate < 0.015:
            yield say("email.bounced", at + DAY, contact, {**about, "kind": "soft", "reason": "mailbox full"})
        else:
            if fate < 0.025:
                yield say("email.deferred", at + MINUTE, contact, {**about, "reason": "try again later"})
                at += 2 * HOUR
            at += rng.randrange(SECOND, 90 * SECOND)
            yield say("email.delivered", at, contact, about)
            if is_better:
                yield from self._drawn_in(at, contact, about)
            yield from self._reading(at, contact, about)

    def _drawn_in(self, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
        """Who reads it for its subject, by chances of its own: all else is as it would be without."""
        own = Random(about["message_id"])  # nosec B311 # invented people, no secrets
        if own.random() < self.draw:
            agent = own.choice(_BROWSERS)
            yield replace(self.system, rng=own).say(
                "email.opened", at + _a_while(own), contact, {**about, "user_agent": agent}
            )

    def _reading(self, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
        say, rng = self.system.say, self.system.rng
        if rng.random() < 0.12:
            yield say("email.opened", at + SECOND, contact, {**about, "user_agent": _PROXY, "machine": True})
        if rng.random() < 0.22:
            for _ in range(1 + (rng.random() < 0.2)):
                at += _a_while(rng)
                yield say("email.opened", at, contact, {**about, "user_agent": rng.choice(_BROWSERS)})
            if rng.random() < 0.14:
                at += rng.randrange(2 * SECOND, 2 * MINUTE)
                url = f"https://example.org/{self.name}"
                yield say("email.clicked", at, contact, {**about, "url": url, "machine": False})
        yield from self._leaving(at + rng.randrange(MINUTE, HOUR), contact, about)

    def _leaving(self, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
        """Of each thousand who read five unsubscribe, half of them from one list, and two complain; some come back."""
        say, rng = self.system.say, self.system.rng
        chance = rng.random()
        if chance >= 0.007:
            return
        one_list: Fields = {} if chance < 0.003 or chance >= 0.006 else {"list_id": "supporters"}
        type_ = "email.unsubscribed" if chance < 0.005 else "email.complained"
        left = say(type_, at, contact, {**about, **one_list})
        yield left
        if rng.random() < 0.4:
            back: Fields = {"channel": "email", "granted": True, "basis": "preference centre", **one_list}
            yield say("consent.changed", at + rng.randrange(9 * DAY), contact, back)
        if rng.random() < 0.1:
            yield self.system.take_back(left, rng.randrange(MINUTE, 5 * DAY))


def _a_while(rng: Random) -> int:
    """Most read within hours, some after days."""
    return min(round(rng.expovariate(1 / (5 * HOUR))) + 20 * SECOND, 6 * DAY)


def full_mailboxes(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """About `scale` times 40 mailboxes that are full for weeks: a reminder a week to each, of which some get in."""
    system = SourceSystem(rng, "finance/reminders", "email-events", TimeFormat.MILLISECONDS)
    for number, donor in enumerate(population.some(rng, round(_FULL_MAILBOXES * scale))):
        starts = rng.randrange(_FIRST_REMINDER, _LAST_REMINDER, DAY) + rng.randrange(15 * HOUR, 22 * HOUR)
        for week in range(rng.randint(3, 6)):
            about: Fields = {"message_id": f"reminder-{number}.{week}"}
            yield from _reminder(system, starts + 7 * week * DAY, donor.contact_by_email(rng), about)


def _reminder(system: SourceSystem, at: int, contact: ContactFields, about: Fields) -> Iterator[TimedInteraction]:
    yield system.say("email.sent", at, contact, {**about, "purpose": "transactional"})
    if system.rng.random() < _GETS_IN:
        yield system.say("email.delivered", at + SECOND, contact, about)
        return
    full: Fields = {**about, "kind": "soft", "reason": "mailbox full"}
    yield system.say("email.bounced", at + system.rng.randrange(SECOND, 2 * DAY), contact, full)
