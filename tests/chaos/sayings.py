"""What is said of people, in random order and under changing identifiers, and what has to come out of it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from streams.demo.encoding import attributes, body, encode, key
from streams.demo.oracle import closed_channels, experiment_results, is_known, profile_of
from streams.demo.recount import Profile
from streams.demo.recount_experiments import Arm
from streams.demo.source_system import DAY, MINUTE, SourceSystem, TimeFormat, utc_midnight
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from tests.chaos.happenings import something
from tests.chaos.people import Command, Identifier, People, Person, contact_of
from tests.chaos.trials import CHANGED

FIRST, LAST = utc_midnight(2012, 1, 1), utc_midnight(2012, 6, 1)
REPEATED, TAKEN_BACK = 0.02, 0.02
Identify = Callable[[ContactFields], str]
_LATER = utc_midnight(2012, 7, 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`profiles` and closed channels by roof. `merged`: the roof of each identifier that lives under another one.

    `experiments`: by variant what all people of an experiment add up to. `people`: by roof what was said of each.
    """

    profiles: dict[str, Profile]
    merged: dict[str, str]
    closed: dict[str, Profile]
    experiments: dict[str, dict[str, Arm]]
    people: dict[str, list[Sent]]


@dataclass(slots=True)
class Sayings:
    """`records`: by the identifier that each is keyed by. What else was named with it is in the people."""

    publications: list[Publication]
    records: dict[Identifier, list[Sent]]
    who: People

    def outcome(self, identify: Identify) -> Outcome:
        """What has to come out, with the contact_id of each identifier as `identify` gives it."""
        profiles: dict[str, Profile] = {}
        merged: dict[str, str] = {}
        closed: dict[str, Profile] = {}
        known: list[list[Sent]] = []
        people: dict[str, list[Sent]] = {}
        for group in self._groups():
            names = {one: identify(contact_of([one])) for one in group}
            roof = min(group, key=lambda one: (one.rank, names[one]))
            said = people[names[roof]] = [sent for one in group for sent in self.records.get(one, ())]
            heard_of = [one for one in group if any(map(_happened, self.records.get(one, ())))]
            absorbed = sorted(names[one] for one in heard_of if one != roof)
            if is_known(said):
                known.append(said)
                profiles[names[roof]] = profile_of(names[roof], said, identify) | {"merged_from": absorbed}
            if channels := closed_channels(said):
                closed[names[roof]] = channels
            merged.update((names[one], names[roof]) for one in group if one != roof)
        return Outcome(profiles, merged, closed, experiment_results(known, CHANGED), people)

    def _groups(self) -> Iterator[list[Identifier]]:
        """The identifiers of each person; what spouses share is nobody's."""
        bound = {number for bond in self.who.bonds for number in bond}
        alone = ([number] for number in range(len(self.who.everyone)) if number not in bound)
        for numbers in (*self.who.bonds, *alone):
            yield [one for number in numbers for one in self.who.everyone[number].own]
        yield from ([one] for one in {person.shared for person in self.who.everyone if person.shared is not None})


def sayings(rng: Random, who: People, interactions: int, identify: Identify) -> Sayings:
    """About so many interactions of these people, besides the commands; some twice, some taken back."""
    speaker = _Speaker(rng)
    each = interactions // len(who.everyone)
    for person in who.everyone:
        speaker.speak_of(person, rng.randint(max(1, each // 2), each + each // 2))
    published = [_publication(rng, sent) for sent in speaker.said]
    published += [_publication(rng, one, again=True) for one in rng.sample(speaker.said, int(REPEATED * interactions))]
    published += [_publication(rng, _ruling(rng, command, identify)) for command in who.commands]
    rng.shuffle(published)
    return Sayings(published, dict(speaker.records), who)


def _happened(sent: Sent) -> bool:
    """Whether it is something that happened, and not a command."""
    return sent.topic != "contact-commands"


class _Speaker:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._voices = {
            topic: SourceSystem(rng, source, topic, spelling)
            for topic, source, spelling in [
                ("email-events", "digital/mailer", TimeFormat.MILLISECONDS),
                ("donation-events", "finance/actblue", TimeFormat.MICROSECONDS),
                ("canvass-events", "field/van", TimeFormat.LOCAL_SECONDS),
                ("outreach-events", "volunteers/desk", TimeFormat.MILLISECONDS),
                ("contact-commands", "office/desk", TimeFormat.MILLISECONDS),
            ]
        }
        self.said: list[Sent] = []
        self.records: dict[Identifier, list[Sent]] = defaultdict(list)

    def speak_of(self, person: Person, count: int) -> None:
        """What holds the person together is never taken back."""
        for pair in person.tied:
            self._say(pair)
        for _ in range(max(1, count - len(person.tied))):
            named = self._some_of(person)
            sent = self._say(named)
            if self._rng.random() < TAKEN_BACK:
                self._take_back(sent, named if person.shared in named else self._some_own(person))

    def _some_of(self, person: Person) -> Sequence[Identifier]:
        if person.shared is None:
            return self._some_own(person)
        chance = self._rng.random()
        if chance < 0.15:
            return [person.shared]
        return [*self._some_own(person), *([person.shared] if chance < 0.4 else [])]

    def _some_own(self, person: Person) -> Sequence[Identifier]:
        return self._rng.sample(person.own, self._rng.randint(1, min(3, len(person.own))))

    def _say(self, named: Sequence[Identifier]) -> Sent:
        topic, type_, fields = something(self._rng)
        return self._keep(named, topic, type_, fields, self._rng.randrange(FIRST, LAST))

    def _take_back(self, sent: Sent, named: Sequence[Identifier]) -> None:
        retracts: Fields = {"retracts": {"source": sent.source, "id": sent.id}}
        topic = sent.topic if _happened(sent) else "outreach-events"
        self._keep(named, topic, "interaction.retracted", retracts, LAST)

    def _keep(self, named: Sequence[Identifier], topic: str, type_: str, fields: Fields, at: int) -> Sent:
        contact = contact_of(named)
        if self._rng.random() < 0.3:
            contact["region"] = self._rng.choice(("US-NY", "US-PA", "US-NJ"))
        sent = self._voices[topic].say(type_, at, contact, fields).sent
        self.said.append(sent)
        self.records[min(named, key=lambda one: one.rank)].append(sent)
        return sent


def _ruling(rng: Random, command: Command, identify: Identify) -> Sent:
    """Later ones of a pair are later by their time, whatever the order in which they come."""
    pair = [identify(contact_of([one])) for one in (command.one, command.other)]
    desk = SourceSystem(rng, "office/desk", "contact-commands", TimeFormat.MILLISECONDS)
    type_ = "contact.linked" if command.same else "contact.unlinked"
    at = _LATER + command.at * DAY + rng.randrange(MINUTE)
    return desk.say(type_, at, {}, cast(Fields, {"contact_ids": pair})).sent


def _publication(rng: Random, sent: Sent, *, again: bool = False) -> Publication:
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, "repeat" if again else "first", False, None)
