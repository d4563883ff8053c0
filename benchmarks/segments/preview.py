"""What a preview costs: one partition of a million contacts on disk, from the question to the last answer."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.core.load import news
from benchmarks.results import Figure, Goal
from benchmarks.segments.folding import Partition, known, read_from_kafka
from benchmarks.segments.load import definitions
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.previews import (
    PreviewProgress,
    PreviewQuestion,
    preview_key,
    preview_question,
    read_preview,
    write_preview,
)
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store import Position
from streams.worker.agents.segments.records import work_record
from streams.worker.agents.segments.work import SegmentWorkHandler

PREVIEW = (
    "Preview: seconds of CPU of one thread for all eight partitions of so many contacts, ten facts each, in stores on "
    "disk, without Kafka. First: nobody was drawn ahead. Again: the same people with another definition"
)
PARTITIONS = 8
CONTACTS, QUICK_CONTACTS = 1_000_000, 200_000
DIFFERENT, FACTS = 500, 10
PATIENCE_MS = 60_000
AT_ONCE = 5_000
GOAL = Goal("at most", 3.0)


def preview_figures(seed: int, rounds: int, *, is_quick: bool) -> list[Figure]:
    """Seconds of the first preview, and of another that judges the same people."""
    contacts = QUICK_CONTACTS if is_quick else CONTACTS
    first, again = [], []
    with TemporaryDirectory() as folder:
        fill(Path(folder), contacts // PARTITIONS, seed)
        for _ in range(rounds):
            store = RocksStores(Path(folder))("preview", 0)
            partition = Partition(store)
            first.append(PARTITIONS * seconds(partition, seed))
            again.append(PARTITIONS * seconds(partition, seed + 1))
            store.close()
    subject = f"preview of {contacts:,} contacts"
    return [Figure(subject, "first", "s", tuple(first), GOAL), Figure(subject, "again", "s", tuple(again), GOAL)]


def fill(folder: Path, contacts: int, seed: int) -> None:
    """Keep so many contacts in a store, of a few hundred kinds."""
    kinds = known(news(DIFFERENT, FACTS, seed), 0, seed).states()
    store = RocksStores(folder)("preview", 0)
    for begin in range(0, contacts, AT_ONCE):
        numbers = range(begin, min(contacts, begin + AT_ONCE))
        store.write({b"voter:OH:%09d" % at: kinds[at % len(kinds)] for at in numbers}, Position("", begin, 0))
    store.close()


def seconds(partition: Partition, seed: int) -> float:
    """Seconds of CPU from the question to the answer of one partition. Raises `ValueError` where there is none."""
    [asked] = definitions(1, seed)
    question = preview_question([asked], {}, channel_rules(default_policy()), is_exact=False)
    if not isinstance(question, PreviewQuestion):
        raise TypeError(str(question))
    said = write_preview(PreviewQuestion(question.asked, question.definitions, PATIENCE_MS))
    waiting, last = [work_record(0, preview_key("bench"), said)], None
    began = time.thread_time()
    while waiting:
        folded = partition.fold(SegmentWorkHandler, [read_from_kafka(output) for output in waiting])
        waiting = [output for output in folded.effects.outputs if output.value is not None]
        last = read_preview(waiting[-1].value or b"") if waiting else last
    if not (isinstance(last, PreviewProgress) and last.is_done and last.judged):
        raise ValueError("the preview has not come to its end")
    return time.thread_time() - began
