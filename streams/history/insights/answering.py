"""Loads the history as it is now: the files in the lake's manifests, and the topic's records after each of their ends.

Everything committed when loading begins is in it. The lake is looked at first: what it takes in meanwhile is read from
the topic, after the offsets that were seen, and never twice.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

import duckdb
import pyarrow as pa
from faust.types import TP

from events.topics import INTERACTIONS
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files, next_offsets
from sinks.lake.rows import LogRecord
from streams.engine.changelog import PartitionReader
from streams.history.insights.history_source import NO_FILES, History, tail_table
from streams.platform.clients import KafkaClients
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import require_lake
from streams.platform.settings import Settings

ATTEMPTS = 5
MOST_TAIL_BYTES = 512 << 20
"""Most bytes of rows in no file of a lake: they stay in memory while a question is answered, beside DuckDB's own."""
Answer = TypeVar("Answer")
Say = Callable[[str], None]


class LoadedHistory(NamedTuple):
    """The history that was read.

    `as_of`: everything up to then is in it, ms since 1970. `tail`: rows not in the lake.
    """

    history: History
    as_of: int
    tail: int


def say_nothing(_: str) -> None:
    """Ignore progress messages."""


def ask_now(settings: Settings, question: Callable[[LoadedHistory], Answer], say: Say = say_nothing) -> Answer:
    """The answer to a question about the history as it is now. `say` is told what is being done, repeatedly.

    A file that is merged into another while it is read makes it load again. Raises Kafka's errors, `LakeStopped`, also
    where the settings name a lake that does not exist, `OSError`, `Damaged`, and `duckdb.Error` when a store fails.
    """
    files = None if settings.lake is None else require_lake(settings.lake)
    KafkaClients(settings).require_reachable()
    for attempt in range(ATTEMPTS):
        try:
            found = asyncio.run(load_history(settings, files, say))
            say("Counting")
            return question(found)
        except duckdb.IOException:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


class TailBuffer:
    """Rows in memory that are not in the lake; more than `most` bytes of them are refused."""

    def __init__(self, topic_id: str, most: int, *, lake: bool, say: Say = say_nothing) -> None:
        self._topic_id = topic_id
        self._most = most
        self._lake = lake
        self._say = say
        self._taken = 0
        self._rows = 0

    def take(self, records: Iterable[LogRecord]) -> pa.Table:
        """Records as rows. Raises `LakeStopped` with the cure where they are too many."""
        table = tail_table(records, self._topic_id)
        self._taken += table.nbytes
        self._rows += len(table)
        self._say(f"Reading interactions that are in no lake yet: {self._rows:,}")
        if self._taken <= self._most:
            return table
        cure = "let `harmonia lake run` catch up"
        raise LakeStopped(
            f"more than {self._most >> 20} MiB of interactions are in no lake, and cannot be counted in memory: "
            f"{cure if self._lake else f'set HARMONIA_LAKE, and {cure}'}"
        )


async def load_history(settings: Settings, files: Files | None, say: Say = say_nothing) -> LoadedHistory:
    """Load the lake's files by their manifests, and the committed records after them."""
    say("Looking at the lake" if files else "Looking at the topic")
    as_of = time.time_ns() // 1_000_000
    kafka = KafkaClients(settings)
    topic_id = kafka.topic_id(INTERACTIONS)
    seen = NO_FILES if files is None else find_live_files(files)
    numbers = kafka.partitions_of(INTERACTIONS)
    begin = {} if files is None else next_offsets(files, seen, topic_id, numbers)
    room = TailBuffer(topic_id, MOST_TAIL_BYTES, lake=files is not None, say=say)
    async with PartitionReader(kafka) as reader:
        ends = await reader.ends_of([TP(INTERACTIONS, number) for number in numbers])
        starts = {place: await reader.start_of(place) for place in ends}
        if files is not None:
            _require_no_gap(starts, begin)
        tables = [
            await _tail(reader, place, max(starts[place], begin.get(place.partition, 0)), end, room)
            for place, end in ends.items()
        ]
    tail = pa.concat_tables(tables)
    return LoadedHistory(History(files, seen, tail), as_of, len(tail))


def _require_no_gap(starts: Mapping[TP, int], begin: Mapping[int, int]) -> None:
    """Raise LakeStopped where records are in neither, because they were deleted before the lake had them."""
    if not begin and any(starts.values()):
        raise LakeStopped(
            "HARMONIA_LAKE holds nothing of interactions, and the topic has deleted what was first: is the lake where "
            "it was? `harmonia lake run` fills one"
        )
    for place, start in starts.items():
        if begin.get(place.partition, start) < start:
            raise LakeStopped(
                f"{place.topic} partition {place.partition}: the lake ends before {begin[place.partition]}, the topic "
                f"begins at {start}, and what is between is in neither: see `harmonia lake run --skip-lost`"
            )


async def _tail(reader: PartitionReader, place: TP, start: int, end: int, room: TailBuffer) -> pa.Table:
    tables = [
        room.take([record for record in run.records if record.offset < end])
        async for run in reader.runs(place, start, end)
    ]
    return pa.concat_tables([room.take(()), *tables])
