"""Many people who are due at one moment: what it costs to judge each of them, and to tell who has left."""

import time

from benchmarks.core.load import NOW_MS, news
from benchmarks.results import Figure, Goal
from benchmarks.segments.folding import Partition, known, read_from_kafka
from events.topics import SEGMENT_CHANGES, SEGMENT_DEFINITIONS, SEGMENT_WORK
from streams.engine.writer import Output
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.segments.definitions import SegmentDefinitionsHandler
from streams.worker.agents.segments.records import Tick, tick_record
from streams.worker.agents.segments.work import SegmentWorkHandler

DUES = (
    "Due at once: one segment of whoever was seen within a year, out of which everybody falls when time leaps by two "
    "years; from the states in the store to what is told, without Kafka"
)
FACTS = 10
_SEGMENT = b'{"id":"seen","owner":"","members":false,"all":[{"seen":"last","within":"365d"}]}'
_TWO_YEARS_MS = 2 * 365 * 86_400_000
GOAL = Goal("at least", 4_000.0)


def due_figures(contacts: int, seed: int, rounds: int) -> list[Figure]:
    """People a second of CPU who leave a segment at one moment."""
    rates = tuple(rate(contacts, seed) for _ in range(rounds))
    return [Figure(f"{contacts:,} due at once, {FACTS} facts", "one segment", "people a second", rates, GOAL)]


def rate(contacts: int, seed: int) -> float:
    """People who leave in a second of CPU. Raises `ValueError` where somebody has stayed."""
    partition = known(news(contacts, FACTS, seed), 0, seed)
    defined = Output(SEGMENT_DEFINITIONS, 0, b"seen", _SEGMENT)
    told_of(partition, partition.fold(SegmentDefinitionsHandler, [read_from_kafka(defined)]))
    leap = tick_record(0, Tick(0, NOW_MS + _TWO_YEARS_MS))
    began = time.thread_time()
    left = told_of(partition, partition.fold(SegmentWorkHandler, [read_from_kafka(leap)]))
    took = time.thread_time() - began
    if left != contacts:
        raise ValueError(f"{left} of {contacts} people have left")
    return left / took


def told_of(partition: Partition, folded: ChunkHandler) -> int:
    """Do all the work that follows from a chunk; how many changes were told."""
    told = 0
    while True:
        partition.commit(folded)
        outputs = folded.effects.outputs
        told += sum(output.topic == SEGMENT_CHANGES for output in outputs)
        work = [read_from_kafka(output) for output in outputs if output.topic == SEGMENT_WORK]
        if not work:
            return told
        folded = partition.fold(SegmentWorkHandler, work)
