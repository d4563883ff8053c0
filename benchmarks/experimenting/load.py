"""Contacts who were given ten experiments each, and the same ones without: one record more of each of them."""

from dataclasses import dataclass
from random import Random

import orjson
from msgspec.structs import replace

from benchmarks.core.load import NOW_MS
from benchmarks.pipeline.sayings import contact_of, saying
from events.envelope import Interaction, Record, decode
from events.experiments.metrics import METRICS
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.refusal import Refusal
from events.times import render_time
from events.topics import EMAIL_EVENTS, INTERACTIONS
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact
from streams.domain.experiments import person_sums
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.worker.agents.contacts.experiment_deltas import has_arms
from streams.worker.agents.latency_header import received_header

EXPERIMENTS = 5_000
NAMES = tuple(f"experiment-{number:05d}" for number in range(EXPERIMENTS))
EACH = 10
"""Experiments of a contact, each given by a message of its own in the week before."""
WEEK_MS = 7 * 86_400_000
_HASHER = Hasher([b"a key for benchmarks"])


@dataclass(frozen=True, slots=True)
class Heard:
    """A record of `interactions` for each of some contacts, and what was known of them before."""

    records: list[FetchedRecord]
    known: dict[bytes, ContactState]


def heard(contacts: int, facts: int, seed: int, *, with_experiments: bool) -> Heard:
    """Of each contact ten messages, which carry an experiment each or none, and `facts` records more, the last new."""
    rng = Random(seed)
    records, known = [], {}
    for person in range(contacts):
        messages = [_message(rng, person, number, with_experiments=with_experiments) for number in range(EACH)]
        others = [
            _harmonised(saying(rng, person, f"{person:08x}-{number:02x}", NOW_MS).value, person)
            for number in range(facts)
        ]
        state, _ = fold(ContactState(), map(_fact, [*messages, *others[:-1]]))
        key = others[-1].key or b""
        known[key] = _with_given(key.decode(), state)
        records.append(others[-1])
    return Heard(records, known)


def people(count: int, seed: int, day: int) -> list[list[Contribution]]:
    """What so many people give to ten of the experiments each, who were assigned on that day or the one before."""
    rng = Random(seed)
    return [
        [
            Contribution(NAMES[number], rng.choice("AB"), day - rng.randrange(2), values=_values(rng))
            for number in rng.sample(range(EXPERIMENTS), EACH)
        ]
        for _ in range(count)
    ]


def _values(rng: Random) -> tuple[tuple[int, int, int, int], ...]:
    return tuple((place, 1, 0, 1) for place in range(len(METRICS)) if rng.random() < 0.3)


def _with_given(contact_id: str, state: ContactState) -> ContactState:
    if not has_arms(state):
        return state
    return replace(state, given=person_sums.packed_contribution_of(contact_id, overview(state), {}, NOTHING))


def _message(rng: Random, person: int, number: int, *, with_experiments: bool) -> FetchedRecord:
    """One random draw more or less would make other contacts of it."""
    experiment = {"id": NAMES[int(rng.random() * EXPERIMENTS)], "variant": rng.choice("AB")}
    data: dict[str, object] = {
        "contact": contact_of(person, "email"),
        "message_id": f"e{number}-{person}",
        "purpose": "fundraising",
    }
    if with_experiments:
        data["experiment"] = experiment
    event = {
        "specversion": "1.0",
        "id": f"e{number}-{person}",
        "source": "digital/mailer",
        "type": "email.sent",
        "time": render_time(NOW_MS - WEEK_MS + int(rng.random() * WEEK_MS)),
        "data": data,
    }
    return _harmonised(orjson.dumps(event), person, EMAIL_EVENTS)


def _harmonised(value: bytes, person: int, topic: str | None = None) -> FetchedRecord:
    family = orjson.loads(value)["type"].partition(".")[0]
    topics = {"email": EMAIL_EVENTS, "donation": "donation-events", "canvass": "canvass-events"}
    found = decode(Record(topic or topics.get(family, "outreach-events"), value, (), NOW_MS))
    if not isinstance(found, Interaction):
        raise ValueError(found.detail)
    key, value = harmonise(found, _HASHER)
    return FetchedRecord(INTERACTIONS, 0, person, NOW_MS, key.encode(), value, (received_header(NOW_MS),))


def _fact(record: FetchedRecord) -> Fact:
    found = read_fact(record.value, record.timestamp)
    if isinstance(found, Refusal):
        raise ValueError(found.detail)
    return found
