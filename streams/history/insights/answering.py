"""Reads a history as it is now: what the lake's manifests name, and from where each partition of it ends the topic.

What is committed when this begins is in it. The lake is looked at first: whatever it takes in meanwhile is read from
the topic as well, behind the offsets that were seen, and never twice.
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
from sinks.lake.live_files import Live, live
from sinks.lake.manifests import Range, folder_of, read
from sinks.lake.rows import LogRecord
from streams.engine.changelog import PartitionReader
from streams.history.insights.history_source import NOTHING_SEEN, History, tail_table
from streams.history.lake.errors import LakeStopped
from streams.history.lake.server import require_lake
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

ATTEMPTS = 5
MOST_TAIL_BYTES = 512 << 20
"""Of rows that are in no file of a lake: they are in memory while a question is answered, beside what DuckDB takes."""
Answer = TypeVar("Answer")
Say = Callable[[str], None]


class Read(NamedTuple):
    """What was read. `as_of`: all up to then is in it, ms since 1970; `tail`: so many rows are not in the lake."""

    history: History
    as_of: int
    tail: int


def quiet(_: str) -> None:
    """Say nothing."""


def ask_now(settings: Settings, question: Callable[[Read], Answer], say: Say = quiet) -> Answer:
    """What a question answers of the history as it is now. `say` is told what is being done, over and over.

    A file that is merged into another while it is read makes it look again. Raises Kafka's errors, `LakeStopped`, also
    where the settings name a lake that is not there, `OSError`, `Damaged`, and `duckdb.Error` when a store fails.
    """
    files = None if settings.lake is None else require_lake(settings.lake)
    for attempt in range(ATTEMPTS):
        try:
            found = asyncio.run(read_now(settings, files, say))
            say("Counting")
            return question(found)
        except duckdb.IOException:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


class Room:
    """Memory for rows that are not in the lake; more than `most` bytes of them are refused."""

    def __init__(self, topic_id: str, most: int, *, lake: bool, say: Say = quiet) -> None:
        self._topic_id = topic_id
        self._most = most
        self._lake = lake
        self._say = say
        self._taken = 0
        self._rows = 0

    def take(self, records: Iterable[LogRecord]) -> pa.Table:
        """Records as rows. Raises `LakeStopped` with the cure where there is no room for them."""
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


async def read_now(settings: Settings, files: Files | None, say: Say = quiet) -> Read:
    """The lake's files by their manifests, and the committed records behind them."""
    say("Looking at the lake" if files else "Looking at the topic")
    as_of = time.time_ns() // 1_000_000
    kafka = KafkaClients(settings)
    topic_id = kafka.topic_id(INTERACTIONS)
    seen = NOTHING_SEEN if files is None else live(files)
    numbers = kafka.partitions_of(INTERACTIONS)
    begin = {} if files is None else positions(files, seen, topic_id, numbers)
    room = Room(topic_id, MOST_TAIL_BYTES, lake=files is not None, say=say)
    async with PartitionReader(kafka) as reader:
        ends = await reader.ends_of([TP(INTERACTIONS, number) for number in numbers])
        starts = {place: await reader.start_of(place) for place in ends}
        if files is not None:
            _require_whole(starts, begin)
        tables = [
            await _tail(reader, place, max(starts[place], begin.get(place.partition, 0)), end, room)
            for place, end in ends.items()
        ]
    tail = pa.concat_tables(tables)
    return Read(History(files, seen, tail), as_of, len(tail))


def positions(files: Files, seen: Live, topic_id: str, partitions: range) -> dict[int, int]:
    """Where each partition of the topic goes on behind the lake that was seen; without those that it has nothing of."""
    last = {number: seen.ranges.get(folder_of(topic_id, number)) for number in partitions}
    return {number: read(files, name, Range).last_offset + 1 for number, name in last.items() if name is not None}


def _require_whole(starts: Mapping[TP, int], begin: Mapping[int, int]) -> None:
    """Raise LakeStopped where something lies in neither, since it was deleted before the lake had it."""
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


async def _tail(reader: PartitionReader, place: TP, start: int, end: int, room: Room) -> pa.Table:
    tables = [
        room.take([record for record in run.records if record.offset < end])
        async for run in reader.runs(place, start, end)
    ]
    return pa.concat_tables([room.take(()), *tables])
