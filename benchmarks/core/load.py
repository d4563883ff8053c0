"""Records as each agent is handed them: the mix of the pipeline's benchmark, gone through the agents before."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from faust.types import TP

from benchmarks.pipeline.sayings import Fields, event, sayings, written
from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.topics import INTERACTIONS
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.runs import Run
from streams.worker.agents.latency_header import received_header

NOW_MS = 1_330_000_000_000
KEYS = (b"a key for benchmarks",)
_CHUNK = 1_000
_HASHER = Hasher(KEYS)


def said(contacts: int, count: int, seed: int) -> list[Run]:
    """Chunks of what teams send, each of one topic."""
    by_topic: dict[str, list[FetchedRecord]] = defaultdict(list)
    for offset, one in enumerate(sayings(contacts, count, seed, NOW_MS)):
        by_topic[one.topic].append(FetchedRecord(one.topic, 0, offset, NOW_MS, None, one.value, ()))
    return [chunk for records in by_topic.values() for chunk in chunks(records)]


@dataclass(frozen=True, slots=True)
class News:
    """A record of `interactions` of each of some contacts; `before`: those before it, one of each at a time."""

    records: list[FetchedRecord]
    before: list[list[FetchedRecord]]


def news(contacts: int, facts: int, seed: int, *, late: bool = False) -> News:
    """Of each contact so many records, in the order in which they happened; `late`: in any order."""
    rng = Random(seed)
    people = [_life(rng, person, facts, late=late) for person in range(contacts)]
    *before, last = zip(*people, strict=True)
    return News(list(last), [list(records) for records in before])


def _life(rng: Random, person: int, facts: int, *, late: bool) -> list[FetchedRecord]:
    """Interactions with one person, each under the offset of the person."""
    happened = [event(rng, person, f"{person:08x}-{number:02x}", NOW_MS) for number in range(facts)]
    if not late:
        happened.sort(key=_time)
    return [_harmonised(person, each) for each in happened]


def _time(event: Fields) -> str:
    return str(event["time"])


def chunks(records: list[FetchedRecord]) -> Iterator[Run]:
    """The records of a partition as an agent gets them."""
    for start in range(0, len(records), _CHUNK):
        part = records[start : start + _CHUNK]
        yield Run(TP(part[0].topic, part[0].partition), part, part[-1].offset + 1, 1)


def _harmonised(person: int, happened: Fields) -> FetchedRecord:
    one = written(happened)
    found = decode(Record(one.topic, one.value, (), NOW_MS))
    if not isinstance(found, Interaction):
        raise ValueError(found.detail)
    key, value = harmonise(found, _HASHER)
    return FetchedRecord(INTERACTIONS, 0, person, NOW_MS, key.encode(), value, (received_header(NOW_MS),))
