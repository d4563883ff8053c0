"""Sends commands about people (link, unlink, suppress, unsuppress, erase), and waits until Redis shows their effect.

The person is looked up first: anything may look like a contact_id, and an address may be misspelled. A command that was
only sent may still be on its way while a mailing goes out. Where the awaited state held before, it proves nothing; then
the command itself has to be seen in `interactions`, where workers put what they have taken.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product

import orjson
import typer
from kafka import KafkaConsumer, TopicPartition

from events.envelope import Record, decode
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Refusal
from events.times import render_time
from events.topics import CONTACT_COMMANDS, INTERACTIONS
from sinks.base import SinkUnavailable
from sinks.keys import partition_of
from sinks.lookup import ContactAnswer, ContactNames, Incomplete, Lookup, UnknownContact
from streams.cli.decision_effects import (
    are_forgotten,
    are_one,
    are_two,
    closed_besides,
    is_suppressed,
    outlasts,
    suppression_of,
    suppression_words,
)
from streams.cli.failures import WRONG_USE, failing_plainly, refuse
from streams.cli.output import say
from streams.cli.person import CURE, followed_by, look_up_person, meant_by, nobody_known_message
from streams.cli.time_options import now_ms, parse_time_option
from streams.platform.clients import KafkaClients, redis_client
from streams.platform.settings import Settings
from streams.platform.topics import require_topic
from streams.services.permission.person_name import meanings_of, parse_person

_LOOK_AGAIN_S = 0.02

Contacts = Sequence[ContactAnswer]


@dataclass(frozen=True, slots=True)
class AwaitedEffect:
    """The effect to wait for: `shows` is asked with the contacts that these names lead to."""

    names: Sequence[ContactNames]
    shows: Callable[[Contacts], bool]


def look_at_contacts(settings: Settings, names: Sequence[ContactNames]) -> Contacts | Incomplete:
    """The contacts that names lead to in Redis, or why it cannot be relied on. Raises SinkUnavailable."""
    return asyncio.run(_poll_contacts(settings, names, lambda _: True, time.monotonic()))


def wait_until_shown(settings: Settings, awaited: AwaitedEffect, until: float) -> bool:
    """Whether an effect shows before `until`, monotonic seconds. Redis does not notify, so it is polled."""
    try:
        found = asyncio.run(_poll_contacts(settings, awaited.names, awaited.shows, until))
    except SinkUnavailable:
        return False
    return not isinstance(found, Incomplete) and awaited.shows(found)


async def _poll_contacts(
    settings: Settings, names: Sequence[ContactNames], enough: Callable[[Contacts], bool], until: float
) -> Contacts | Incomplete:
    """The contacts at the first look that is enough, or at the first after `until`."""
    client = redis_client(settings)
    try:
        lookup = Lookup(client, settings.profiles_oldest_s, settings.hasher.key_ids)
        while True:
            try:
                seen = await lookup.look(names)
            except SinkUnavailable:
                if time.monotonic() >= until:
                    raise
            else:
                found = seen if isinstance(seen, Incomplete) else seen.contacts
                if time.monotonic() >= until or not (isinstance(found, Incomplete) or not enough(found)):
                    return found
            await asyncio.sleep(_LOOK_AGAIN_S)
    finally:
        await client.aclose()


class CommandWatcher:
    """Watches `interactions` for commands, from its end at the time of construction. A context manager."""

    def __init__(self, settings: Settings, fragments: Iterable[str]) -> None:
        self._consumer: KafkaConsumer = KafkaClients(settings).tool_consumer()
        places = {partition_of(fragment, settings.partitions) for fragment in fragments}
        wanted = [TopicPartition(INTERACTIONS, number) for number in sorted(places)]
        self._consumer.assign(wanted)
        for partition, end in self._consumer.end_offsets(wanted).items():
            self._consumer.seek(partition, end)

    def __enter__(self) -> "CommandWatcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def wait_for(self, ids: Iterable[str], until: float) -> bool:
        """Whether commands of all these ids are seen before `until`, monotonic seconds."""
        missing = set(ids)
        while missing and (left := until - time.monotonic()) > 0:
            for records in self._consumer.poll(timeout_ms=max(1, int(min(left, 0.5) * 1000))).values():
                missing -= {_id_of(record.value) for record in records}
        return not missing


def _id_of(value: bytes | None) -> str:
    try:
        event = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return ""
    return str(event.get("id")) if isinstance(event, dict) else ""


_UNSURE = (
    "Redis lacks something or is behind (see `harmonia status`), so nobody can tell which suppression holds. "
    "Nothing was sent: try again, or --anyway"
)


@dataclass(frozen=True, slots=True)
class _Command:
    """A command to send. `fragment`: the identifier whose partition takes it."""

    id: str
    value: bytes
    fragment: str


@dataclass(frozen=True, slots=True)
class _Decision:
    """Commands, the words that name their people, and how to tell their effect.

    `shows` is asked with the contacts as they were before, and as they are now. `said`: what to print once it shows.
    """

    type: str
    commands: Sequence[_Command]
    words: Sequence[str]
    shows: Callable[[Contacts, Contacts], bool]
    said: str


@dataclass(frozen=True)
class DecisionSender:
    """Sends decisions of one `source` and prints their outcome. `anyway`: also about people who are not known.

    `wait_s`: how long Redis has to show the effect; None: the commands are only sent.
    """

    settings: Settings
    source: str
    anyway: bool
    wait_s: float | None
    as_json: bool

    def link(self, one: str, other: str) -> None:
        """Decide that two contacts are one person."""
        one, other = self._meant(one), self._meant(other)
        commands = self._pair_commands("contact.linked", one, other)
        self._decide(_Decision("contact.linked", commands, [one, other], are_one, "they are one person"))

    def unlink(self, one: str, other: str) -> None:
        """Decide that two contacts are not one person."""
        one, other = self._meant(one), self._meant(other)
        commands = self._pair_commands("contact.unlinked", one, other)
        self._decide(
            _Decision("contact.unlinked", commands, [one, other], lambda _, now: are_two(now), "they are two people")
        )

    def suppress(self, one: str, until: str | None) -> None:
        """Stop all contact, for ever or until a future time. Refused where one that lasts longer holds."""
        now = now_ms()
        ends = _end(until, now)
        one = self._meant(one)
        end = None if ends is None else render_time(ends)
        command = self._about("contact.suppressed", one, now, {} if end is None else {"until": end})
        said = f"nobody may reach this person {'until that is lifted' if end is None else f'until {end}'}"
        said += self._replaced(one, now, ends)

        def shows(_: Contacts, found: Contacts) -> bool:
            return is_suppressed(found[0], self.source, command.id)

        self._decide(_Decision("contact.suppressed", [command], [one], shows, said))

    def unsuppress(self, one: str) -> None:
        """Lift the suppression that holds, by one that ends at the very time at which it begins."""
        now = now_ms()
        one = self._meant(one)
        command = self._about("contact.suppressed", one, now, {"until": render_time(now)})
        said = "no suppression stops contact with this person"
        if not self.anyway:
            said = self._lifted(one, now)

        def shows(_: Contacts, found: Contacts) -> bool:
            return suppression_of(found[0], now) is None

        self._decide(_Decision("contact.suppressed", [command], [one], shows, said))

    def erase(self, one: str, confirm: Callable[[], object]) -> None:
        """Erase a person. `confirm` is called once somebody is known by that name; it raises to send nothing."""
        one = self._meant(one)
        command = self._about("contact.erased", one, now_ms(), {})
        said = "this person is forgotten"
        self._decide(_Decision("contact.erased", [command], [one], lambda _, now: are_forgotten(now), said), confirm)

    def _meant(self, word: str) -> str:
        """The word in its long form. Where nothing is looked at, a short one is its first meaning."""
        if self.anyway and self.wait_s is None:
            return meanings_of(word)[0].long_form
        with failing_plainly():
            return meant_by(self.settings, word).long_form

    def _replaced(self, word: str, at: int, end: int | None) -> str:
        """Words on the suppression that one until `end` replaces. Ends the command where that lasts longer.

        The latest counts: one until tomorrow would end one for ever, and tomorrow everybody may reach this person.
        """
        if self.anyway and self.wait_s is None:
            return ""  # what takes effect is not looked at either
        with failing_plainly():
            found = self._known([word])
        if not found and end is not None and not self.anyway:
            refuse(_UNSURE)
        stop = suppression_of(found[0], at) if found else None
        if stop is None:
            return ""
        which, how_long = suppression_words(stop)
        if outlasts(stop, end) and not self.anyway:
            refuse(
                f"nothing was sent: {which} holds, {how_long}; this one would take its place and end sooner. To end it "
                "now: `harmonia contact unsuppress`; to let this one count instead: --anyway"
            )
        return f", in the place of {which}, {how_long}"

    def _lifted(self, word: str, at: int) -> str:
        """Words on what is lifted, and what stays closed. Ends the command where there is nothing to lift."""
        with failing_plainly():
            known = self._known([word])
        if not known:
            refuse(_UNSURE)
        [found] = known
        stays = "; ".join(closed_besides(found))
        stop = suppression_of(found, at)
        if stop is None:
            refuse(
                f"nothing to lift: no suppression shows in this person's profile{f'. Closed: {stays}' if stays else ''}"
            )
        rest = f"Stays closed: {stays}" if stays else "Nothing else is closed"
        return f"lifted: {', '.join(suppression_words(stop))}. {rest}"

    def _pair_commands(self, type_: str, one: str, other: str) -> list[_Command]:
        now = now_ms()
        both = id_pairs(self.settings.hasher, one, other)
        return [self._command(type_, now, {"contact_ids": [*pair]}, min(pair)) for pair in both]

    def _about(self, type_: str, word: str, at: int, data: dict[str, JSON]) -> _Command:
        fragment = next(iter(parse_person(word).ids(self.settings.hasher)), "")
        return self._command(type_, at, {"contact": parse_person(word).contact(), **data}, fragment)

    def _command(self, type_: str, at: int, data: dict[str, JSON], fragment: str) -> _Command:
        """A command, checked as intake does it. Ends the program where it would be refused."""
        head: dict[str, JSON] = {"specversion": "1.0", "source": self.source, "type": type_, "time": render_time(at)}
        id_ = str(uuid.uuid4())
        value = orjson.dumps({**head, "id": id_, "data": data})
        judged = decode(Record(CONTACT_COMMANDS, value, (), at), self.settings.phone_region)
        if isinstance(judged, Refusal):
            refuse(f"{judged.reason}: {judged.detail}; {CURE}")
        return _Command(id_, value, fragment)

    def _decide(self, decision: _Decision, confirm: Callable[[], object] = lambda: None) -> None:
        with failing_plainly():
            before = () if self.anyway and self.wait_s is None else self._known(decision.words)
            require_topic(self.settings, CONTACT_COMMANDS)
            confirm()
            if self.wait_s is None:
                self._send(decision)
                return
            shown = self._send_and_wait(decision, before, self.wait_s)
        if not shown:
            refuse(
                f"sent to {CONTACT_COMMANDS} and accepted, so it will still be carried out; but Redis did not show it "
                f"within {self.wait_s:g} s: do not rely on it yet. Is a worker running and not behind (`harmonia "
                "status`), or did somebody else decide otherwise?"
            )
        if not self.as_json:
            say(f"{decision.said}; Redis shows it")

    def _send_and_wait(self, decision: _Decision, before: Contacts, wait_s: float) -> bool:
        """Whether the effect shows in time. Where it did before, workers must have taken the commands first."""
        names = [*self._names(decision.words), *([each.contact_id] for each in before)]
        was_so = not before or decision.shows(before, before)
        fragments = [command.fragment for command in decision.commands]
        with CommandWatcher(self.settings, fragments) if was_so else nullcontext() as taken:
            until = time.monotonic() + wait_s
            self._send(decision)
            if taken is not None and not taken.wait_for([command.id for command in decision.commands], until):
                return False
        awaited = AwaitedEffect(names, lambda now: decision.shows(before, now))
        return wait_until_shown(self.settings, awaited, until)

    def _send(self, decision: _Decision) -> None:
        producer = KafkaClients(self.settings).tool_producer()
        for sent in [producer.send(CONTACT_COMMANDS, command.value) for command in decision.commands]:
            sent.get()
        producer.close()
        for command in decision.commands:
            if self.as_json:
                typer.echo(command.value)
            else:
                say(f"sent {decision.type} {command.id}")

    def _known(self, words: Sequence[str]) -> Contacts:
        """The contacts of these words. Ends the command where one is unknown, or Redis cannot be relied on.

        Empty where it cannot, with `anyway`.
        """
        found = look_at_contacts(self.settings, self._names(words))
        if isinstance(found, Incomplete):
            if not self.anyway and any(
                isinstance(look_up_person(self.settings, word), UnknownContact) for word in words
            ):
                refuse(
                    f"nobody is known by that name, but Redis lacks something or is behind ({found.where} is "
                    f"{found.why.replace('_', ' ')}; see `harmonia status`). Nothing was sent: try again, or --anyway"
                )
            return ()
        unknown = [word for word, each in zip(words, found, strict=True) if isinstance(each, UnknownContact)]
        if unknown and not self.anyway:
            refuse(followed_by(nobody_known_message(unknown[0]), "nothing was sent: mend the name, or --anyway"))
        return found

    def _names(self, words: Sequence[str]) -> list[ContactNames]:
        return [parse_person(word).ids(self.settings.hasher) or [word] for word in words]


def id_pairs(hasher: Hasher, one: str, other: str) -> list[tuple[str, str]]:
    """All pairs of the ids of two words: an identifier has a hash under each valid key.

    Nobody may have reported it since the last rotation; then only its hash under an older key is known.
    """
    return list(product(parse_person(one).ids(hasher) or [one], parse_person(other).ids(hasher) or [other]))


def _end(until: str | None, now: int) -> int | None:
    if until is None:
        return None
    end = parse_time_option("--until", until)
    if end <= now:
        refuse(
            "--until: that time has passed, so nobody would be left alone; to lift a suppression: "
            "`harmonia contact unsuppress`",
            WRONG_USE,
        )
    return end
