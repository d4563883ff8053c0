"""Contacts who are in ten of five thousand experiments each, and what they do so that results have to move.

Everybody was assigned within the last six days, so that everything they do now counts. Nobody has given anything yet:
gifts are what is followed from the first topic to the results (`gifts`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import cast
from zlib import crc32

import orjson

from benchmarks.pipeline.sayings import Fields, Saying, event, written
from events.contact import Contact
from events.envelope import Interaction, Record, decode
from events.experiments import ExperimentDefinition
from events.identifiers import Hasher
from events.times import render_time
from events.topics import CANVASS_EVENTS, DONATION_EVENTS, EMAIL_EVENTS, OUTREACH_EVENTS
from streams.domain.contact import ContactState, encode, fold
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact

EXPERIMENTS = 5_000
EACH = 10
"""Experiments of a contact, each given by a message of its own."""
VARIANTS = "AB"
DAY_MS = 86_400_000
_OF_ONE = EXPERIMENTS // EACH
_TEMPLATES = 1 << EACH
"""Of states: in each another choice of variants."""
_NOBODY, _NONE = "NNNNNNNN", "XXXX"
"""In a template, where the number of the contact goes, and before its last digit that of an experiment."""
_TOPICS = {
    "email": (EMAIL_EVENTS, "digital/mailer"),
    "canvass": (CANVASS_EVENTS, "field/van"),
    "text": (OUTREACH_EVENTS, "mobilisation/textbank"),
    "donation": (DONATION_EVENTS, "finance/actblue"),
}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """The people of one variant of one experiment."""

    experiment: str
    variant: str


def name_of(number: int) -> str:
    """The id of an experiment; its last digit says which of a contact's ten it is."""
    return f"experiment-{number:05d}"


def cells_of(person: int) -> list[Cell]:
    """Where a person is counted."""
    return [Cell(name_of(_experiment(person, place)), _variant(person, place)) for place in range(EACH)]


def definitions() -> Iterator[ExperimentDefinition]:
    """Every second experiment is defined, with a window of its own; the others are only seen."""
    for number in range(0, EXPERIMENTS, 2):
        said = {"id": name_of(number), "variants": dict.fromkeys(VARIANTS, 1), "window": "10d", "owner": "digital"}
        yield ExperimentDefinition.model_validate(said)


def states(
    people: Iterable[int], now_ms: int, seed: int, hasher: Hasher, *, in_experiments: bool = True
) -> Iterator[tuple[str, bytes]]:
    """What is known of these people, by contact_id, as if it had been folded; nobody is counted yet.

    `in_experiments`: whether they are, or the very same was sent to them without.
    """
    templates = [
        _template(Random(f"{seed} {number}"), number, now_ms, in_experiments=in_experiments)
        for number in range(_TEMPLATES)
    ]
    for person in people:
        state = templates[person % _TEMPLATES].replace(_NOBODY.encode(), b"%08d" % person)
        for place in range(EACH):
            experiment = _experiment(person, place)
            state = state.replace(_placeholder(place).encode(), name_of(experiment).encode())
        yield contact_id_of(person, hasher), state


def contact_id_of(person: int, hasher: Hasher) -> str:
    """The contact_id under which everything that is said of this person is folded."""
    fragment = hasher.fragment(Contact.model_validate(_contact(person)))
    if fragment is None:
        raise ValueError("everybody has an address")
    return fragment


def gift(person: int, amount: int, id_: str, now_ms: int) -> Saying:
    """A gift of just now, in minor units."""
    return _said("donation.made", person, id_, now_ms, {"donation_id": f"d:{id_}", "amount": amount, "currency": "USD"})


def something(rng: Random, person: int, id_: str, now_ms: int) -> Saying:
    """Anything else of just now that moves an outcome."""
    type_, fields = _deed(rng, person=f"{person:08d}", id_=id_)
    return _said(type_, person, id_, now_ms, fields)


def ordinary(rng: Random, person: int, id_: str, now_ms: int, *, in_experiments: bool) -> Saying:
    """Anything of just now in the mix of `pipeline.sayings`; all mail carries one of the person's experiments."""
    said = event(rng, person, id_, now_ms, _contact(person))
    place = rng.randrange(EACH)
    if in_experiments and said["type"] == "email.sent":
        arm = {"id": name_of(_experiment(person, place)), "variant": _variant(person, place)}
        said["data"] = {**cast(Fields, said["data"]), "experiment": arm}
    return written({**said, "time": render_time(now_ms)})


def _experiment(person: int, place: int) -> int:
    return crc32(f"{person}/{place}".encode()) % _OF_ONE * EACH + place


def _variant(person: int, place: int) -> str:
    return VARIANTS[person % _TEMPLATES >> place & 1]


def _placeholder(place: int) -> str:
    return f"experiment-{_NONE}{place}"


def _template(rng: Random, number: int, now_ms: int, *, in_experiments: bool) -> bytes:
    said = list(_history(rng, number, now_ms, in_experiments=in_experiments))
    return encode(fold(ContactState(version=len(said)), list(_facts(said, now_ms)))[0])


def _history(rng: Random, number: int, now_ms: int, *, in_experiments: bool) -> Iterator[Saying]:
    for place in range(EACH):
        at = now_ms - DAY_MS - int(rng.random() * 5 * DAY_MS)
        sent: Fields = {"message_id": f"m{place}-{_NOBODY}", "purpose": "fundraising"}
        if in_experiments:
            sent["experiment"] = {"id": _placeholder(place), "variant": _variant(number, place)}
        yield _said("email.sent", None, f"sent-{place}-{_NOBODY}", at, sent)
    for deed in range(rng.randrange(6)):
        id_ = f"deed-{deed}-{_NOBODY}"
        type_, fields = _deed(rng, _NOBODY, id_)
        yield _said(type_, None, id_, now_ms - int(rng.random() * DAY_MS), fields)


def _deed(rng: Random, person: str, id_: str) -> tuple[str, Fields]:
    type_ = rng.choices(("email.opened", "email.clicked", "text.replied", "canvass.reported"), (60, 15, 5, 20))[0]
    if type_ == "text.replied":
        return type_, {"message_id": f"t-{person}", "sender": "40404", "keyword": "YES"}
    if type_ == "canvass.reported":
        outcome = rng.choice(("contacted", "not_home", "refused"))
        return type_, {"method": "door", "outcome": outcome, "report_id": f"van:{id_}", "support": rng.randint(1, 5)}
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26"
    fields: Fields = {"message_id": f"m{rng.randrange(EACH)}-{person}", "purpose": "fundraising", "user_agent": agent}
    return type_, fields | ({"url": "https://donate.example/give"} if type_ == "email.clicked" else {})


def _said(type_: str, person: int | None, id_: str, at: int, fields: Fields) -> Saying:
    topic, source = _TOPICS[type_.partition(".")[0]]
    data = {"contact": _contact(person), **fields}
    told = {"specversion": "1.0", "id": id_, "source": source, "type": type_, "time": render_time(at), "data": data}
    return Saying(topic, orjson.dumps(told))


def _contact(person: int | None) -> Fields:
    return {"email": f"supporter.{'x' if person is None else person}@mail.example"}


def _facts(said: Iterable[Saying], now_ms: int) -> Iterator[Fact]:
    for one in said:
        found = decode(Record(one.topic, one.value, [], now_ms), "US")
        if not isinstance(found, Interaction):
            raise ValueError(found.detail)
        head = found.id, found.source, found.type, found.dataschema
        yield fact_of(head, found.time, found.data, now_ms)
