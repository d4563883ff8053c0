"""Histories of one contact and steps after them, small and made to collide: for the law of the fast way."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from random import Random
from typing import NamedTuple
from zlib import crc32

import orjson

from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.registry import SPECS, topic_of
from events.times import render_time
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.worker.agents.latency_header import received_header
from streams.worker.measuring.campaign_counters import ONE_IN
from tests.unit.domain.contact.said import DAY, HOUR, NOON, SECOND
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import REQUIRED

HASHER = Hasher([b"a key"])


class Word(NamedTuple):
    """One kind of interaction: its type and fields, and whom it names besides."""

    type: str
    fields: tuple[tuple[str, JSON], ...] = ()
    names: str = "email"

    def __repr__(self) -> str:
        return f"{self.type}{dict(self.fields)}{'' if self.names == 'email' else self.names}"


class Arrived(NamedTuple):
    """A word as it came: when it happened and when it was appended (ms), and its id."""

    word: Word
    time: int
    appended_at: int
    id: str


Case = tuple[tuple[Arrived, ...], tuple[Arrived, ...]]
"""What came before, and what comes now."""


def _counted_contact() -> str:
    """An address of whom the dashboards judge the opens."""
    for number in count():
        address = f"supporter.{number}@mail.example"
        key, _ = _harmonised("rsvp.made", {"event_id": "e", "contact": {"email": address}}, NOON, "1")
        if crc32(key) % ONE_IN == 0:
            return address
    raise AssertionError


def _harmonised(type_: str, data: dict[str, JSON], time: int, id_: str) -> tuple[bytes, bytes]:
    content: dict[str, JSON] = {"specversion": "1.0", "id": id_, "source": "team/a", "type": type_}
    value = orjson.dumps({**content, "time": render_time(time), "data": data})
    found = decode(Record(topic_of(type_), value, (), time))
    assert isinstance(found, Interaction), found
    key, value = harmonise(found, HASHER)
    return key.encode(), value


ADDRESS = _counted_contact()
OTHER = {"email": ADDRESS, "phone": "+1 212 555 0100"}
NAMES: dict[str, dict[str, JSON]] = {
    "email": {"email": ADDRESS, "region": "US-NY"},
    "phone": {**OTHER},
    "elsewhere": {
        "email": ADDRESS,
        "phone": "+1 212 555 0199",
        "region": "US-CA",
        "time_zone": "America/Los_Angeles",
        "postal_code": "90001",
    },
}
VOTER: dict[str, dict[str, JSON]] = {
    "email": {"voter_id": "NY:1"},
    "phone": {"voter_id": "NY:1", "phone": "+1 212 555 0100"},
    "elsewhere": {"voter_id": "NY:1", "email": ADDRESS},
}
"""The same of somebody who is known by a voter id: an identifier of an exclusive class."""


@lru_cache(maxsize=100_000)
def fetched(offset: int, arrived: Arrived, *, voter: bool = False) -> Fetched:
    """The record of `interactions` of a word."""
    word = arrived.word
    data: dict[str, JSON] = {**REQUIRED[word.type], **dict(word.fields)}
    contact = (VOTER if voter else NAMES)[word.names]
    value: dict[str, JSON] = {**data, "contact": contact}
    if word.type in ("contact.linked", "contact.unlinked"):
        value = {"contact_ids": [key_of(voter=voter).decode(), "zzz"]}
    key, written = _harmonised(word.type, orjson.loads(orjson.dumps(value)), arrived.time, arrived.id)
    return Fetched(offset, written, key, [received_header(arrived.appended_at)], arrived.appended_at)


def key_of(*, voter: bool) -> bytes:
    """The contact whom all words are about."""
    key = fetched(0, Arrived(Word("rsvp.made"), NOON, NOON, "key"), voter=voter).key
    assert key is not None
    return key


_DOOR: tuple[tuple[str, JSON], ...] = (("method", "door"), ("outcome", "contacted"))
_ARM: tuple[str, JSON] = ("experiment", {"id": "x", "variant": "A"})
_WORDS: tuple[tuple[str, dict[str, JSON]], ...] = (
    ("email.sent", {"message_id": "m"}),
    ("email.sent", {"message_id": "n", "purpose": "transactional", "campaign_id": "c"}),
    ("email.delivered", {"message_id": "m", "purpose": "fundraising", "team": "b"}),
    ("email.opened", {"message_id": "m", "user_agent": "Mozilla/5.0 (Windows NT 10.0)"}),
    ("email.opened", {"message_id": "n", "machine": True}),
    ("email.clicked", {"message_id": "m", "url": "u"}),
    ("email.clicked", {"message_id": "m", "url": "v"}),
    ("email.bounced", {"message_id": "m", "kind": "soft"}),
    ("email.bounced", {"message_id": "n", "kind": "hard"}),
    ("email.deferred", {"message_id": "m"}),
    ("email.dropped", {"message_id": "m"}),
    ("text.sent", {"message_id": "m"}),
    ("text.delivered", {"message_id": "m"}),
    ("text.failed", {"message_id": "m"}),
    ("donation.made", {"donation_id": "a:1", "amount": 500, "committee": "C", "pledge_id": "p"}),
    ("donation.made", {"donation_id": "a:2", "amount": 700, "currency": "EUR", "instalment": 2}),
    ("donation.refunded", {"refund_id": "r", "donation_id": "a:1", "amount": 500}),
    ("canvass.reported", {**dict(_DOOR), "report_id": "r", "support": 1, "tags_added": ["host"]}),
    ("canvass.reported", {**dict(_DOOR), "answers": {"v:1": "jobs"}, "tags_removed": ["host"]}),
    ("canvass.reported", {"method": "phone", "outcome": "wrong_number", "report_id": "s"}),
    ("canvass.reported", {"method": "phone", "outcome": "left_message", "team": "c"}),
    ("canvass.reported", {"method": "door", "outcome": "do_not_contact"}),
    ("ballot.reported", {"election": "e", "status": "requested"}),
    ("consent.changed", {"channel": "email", "granted": False}),
    ("consent.changed", {"channel": "text", "granted": True, "sender": "s"}),
    ("consent.changed", {"channel": "email", "granted": False, "purpose": "fundraising", "wording": "v2"}),
    ("donation.made", {"donation_id": "a:3", "amount": 900, "provenance": {"kind": "self", "notice": "n1"}}),
)


def _as_word(type_: str, fields: dict[str, JSON], names: str = "email") -> Word:
    return Word(type_, tuple(sorted((name, _frozen(value)) for name, value in fields.items())), names)


class _Frozen(dict[str, JSON]):
    """Fields of a word that may be looked up."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(orjson.dumps(self, option=orjson.OPT_SORT_KEYS))


class _FrozenList(list[JSON]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(orjson.dumps(self))


def _frozen(value: JSON) -> JSON:
    return _Frozen(value) if isinstance(value, dict) else _FrozenList(value) if isinstance(value, list) else value


WORDS: tuple[Word, ...] = (
    *(_as_word(type_, fields) for type_, fields in _WORDS),
    *(_as_word(type_, fields | dict([_ARM])) for type_, fields in _WORDS[:1]),
    _as_word("email.opened", {"message_id": "m", **dict([_ARM])}),
    _as_word("experiment.assigned", {"experiment": {"id": "x", "variant": "B"}, "cluster": "c"}),
    _as_word("experiment.assigned", {"experiment": {"id": "y", "variant": "A"}}),
    _as_word("email.sent", {"message_id": "o"}, "phone"),
    _as_word("text.sent", {"message_id": "o"}, "elsewhere"),
    *(_as_word(spec.name, {}) for spec in SPECS if spec.name not in {type_ for type_, _ in _WORDS}),
)
"""At least one of every type, and of those on whose fields much depends several."""

RETRACTED = _as_word("interaction.retracted", {"retracts": {"source": "team/a", "id": "b"}})
"""Takes back whatever has the id `b`."""

LONG_AGO = 40 * DAY
TIMES = (0, -HOUR, HOUR, 5 * SECOND)
"""How much later (ms) the second word happened than the first."""
WAITS = (SECOND, -SECOND, DEDUP_WINDOW_MS, DEDUP_WINDOW_MS + 1)
"""How much later (ms) the second word was appended than the first."""


SETTLED = DEDUP_WINDOW_MS + SECOND
"""So long after NOON what was appended then has settled."""


def pairs() -> Iterator[Case]:
    """Each word after each other one, in every relation; words of one type first, then those of one family.

    The second happened earlier, at the same time and later, was appended at once, before the first and a week later, as
    itself and as a copy, together with it, after a retraction that waited for it, after the first has settled.
    """
    yield from _echoes()
    yield from _appended_long_before()
    every = [(first, second) for first in WORDS for second in WORDS]
    every.sort(key=lambda pair: (pair[0].type != pair[1].type, _family(pair[0]) != _family(pair[1])))
    for first, second in every:
        yield from _related(first, second)


def _echoes() -> Iterator[Case]:
    """Deeds of a message whose delivery has settled, while another deed of it has not."""
    of_one = (("message_id", "m"),)
    delivered, opened, clicked = (Word(f"email.{what}", of_one) for what in ("delivered", "opened", "clicked"))
    later = Arrived(Word("rsvp.made"), NOON, NOON + SETTLED, "later")
    for deed in (opened, clicked):
        history = Arrived(delivered, NOON, NOON, "a"), Arrived(opened, NOON + DAY, NOON + DAY, "b"), later
        yield history, (Arrived(deed, NOON + 2 * DAY, NOON + SETTLED + 1, "c"),)


def _appended_long_before() -> Iterator[Case]:
    """Messages that have settled as soon as they come: the clock of their contact is more than a week further."""
    history = Arrived(Word("form.submitted"), NOON, NOON, "a"), Arrived(Word("rsvp.made"), NOON, NOON, "b")
    for what in ("sent", "delivered", "opened", "clicked"):
        word = Word(f"email.{what}", (("message_id", "m"),))
        yield history, (Arrived(word, NOON - HOUR, NOON - 8 * DAY, "c"),)


def _family(word: Word) -> str:
    return word.type.partition(".")[0]


def _related(first: Word, second: Word) -> Iterator[Case]:
    one, later = Arrived(first, NOON, NOON, "a"), Arrived(Word("rsvp.made"), NOON, NOON + SETTLED, "later")
    for after in TIMES:
        other = Arrived(second, NOON + after, NOON + SECOND, "b")
        yield (one,), (other,)
    other = Arrived(second, NOON + HOUR, NOON + SECOND, "b")
    for wait in WAITS[1:]:
        yield (one,), (other._replace(appended_at=NOON + wait),)
    yield (one,), (other._replace(id="a"),)
    yield (), (one, other)
    yield (one, Arrived(RETRACTED, NOON, NOON, "r")), (other,)
    yield (one, later), (other._replace(appended_at=NOON + SETTLED + 1),)
    late = Arrived(second, NOON + DAY, NOON + DAY, "b")
    yield (one, late, later), (late._replace(id="c", time=NOON + 2 * DAY, appended_at=NOON + SETTLED + 1),)
    named = other._replace(word=second._replace(names="elsewhere"))
    yield (one._replace(word=first._replace(names="phone")),), (named,)
    yield (
        (one._replace(word=first._replace(names="elsewhere")),),
        (other._replace(word=second._replace(names="phone")),),
    )


def walks(seed: int, number: int, length: int = 9) -> Iterator[Case]:
    """Histories at random, and one to three words after each."""
    rng = Random(seed)
    for _ in range(number):
        at, walk = NOON, list[Arrived]()
        for place in range(rng.randint(2, length)):
            at += rng.choice((0, 1, SECOND, SECOND, HOUR, HOUR, DAY, DEDUP_WINDOW_MS // 2))
            happened = at - rng.choice((0, 0, 0, SECOND, HOUR, 26 * HOUR, LONG_AGO))
            id_ = rng.choice((f"{place}", f"{place}", f"{place}", "b", "0", "1"))
            word = RETRACTED if rng.random() < 0.03 else rng.choice(WORDS)
            word = word._replace(names=rng.choice((word.names, "email", "phone", "elsewhere")))
            walk.append(Arrived(word, happened, at, id_))
        now = rng.choice((1, 1, 2, 3))
        yield tuple(walk[:-now]), tuple(walk[-now:])


def records(arrived: Sequence[Arrived], offset: int = 0, *, voter: bool = False) -> list[Fetched]:
    """The records of words, one after the other."""
    return [fetched(offset + place, each, voter=voter) for place, each in enumerate(arrived)]
