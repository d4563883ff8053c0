"""Who was erased, from every source that knows: the links agent's topic, a backup's ledger, commands in the lake."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson
from faust.types import TP

from events.outputs import Suppressions
from events.times import parse_time
from events.topics import CONTACT_SUPPRESSIONS
from sinks.lake.erasure import ErasureResult, commands_received_at, erase, erasure_commands, traces_active_after
from sinks.lake.erasure_list import Erasure, Erasures, add_erasures, erasure_of, read_erasures
from sinks.lake.files import Files
from streams.engine.changelog import PartitionReader
from streams.operations.backup.erasure_ledger import LedgerEntry, erased_nodes, read_ledger
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings


class AnnouncedErasure(NamedTuple):
    """An identifier of an erased person.

    `source` and `id` are the command's, which may have named another identifier.
    """

    erasure: Erasure
    source: str
    id: str


async def announced_erasures(settings: Settings) -> list[AnnouncedErasure]:
    """Every erasure that `contact-roofs` still holds: at least those of the last day. Raises Kafka's errors."""
    found = []
    async for node, _, roof in erased_nodes(settings):
        if roof.erased is not None:
            found.append(AnnouncedErasure(erasure_of(node, roof.erased.time), roof.erased.source, roof.erased.id))
    return found


async def closing_erasures(settings: Settings, files: Files) -> list[AnnouncedErasure]:
    """Erasures that `contact-suppressions` tells of, which it does until a new record begins, of commands in the lake.

    Of an erasure for doing nothing the lake itself does not know whether it was in vain. Raises Kafka's errors.
    """
    commands, kafka = commands_received_at(files, in_vain=True), KafkaClients(settings)
    found: list[AnnouncedErasure] = []
    if not commands:
        return found
    async with PartitionReader(kafka) as reader:
        for number in await asyncio.to_thread(kafka.partitions_of, CONTACT_SUPPRESSIONS):
            place = TP(CONTACT_SUPPRESSIONS, number)
            async for run in reader.runs(place, await reader.start_of(place), await reader.end_of(place)):
                told = (erasure_in_closing(record.key, record.value) for record in run.records)
                found += [each for each in told if each is not None and (each.source, each.id) in commands]
    return found


def erasure_in_closing(key: bytes | None, value: bytes | None) -> AnnouncedErasure | None:
    """The erasure that a record of `contact-suppressions` tells of; None: of none."""
    closed: Suppressions = orjson.loads(value or b"{}")
    for each in closed.values():
        if each["reason"] == "erased" and key is not None and (time := parse_time(each["since"])) is not None:
            return AnnouncedErasure(erasure_of(key.decode(), time), each["source"], each["id"])
    return None


def pending_erasures(files: Files, told: Iterable[AnnouncedErasure] = ()) -> int:
    """Number of erasure commands not yet carried out in the lake, as far as it and `told` know.

    A command that the lake has not got yet counts as carried out up to the time it names, and no further: while
    anything later is stored under such an identifier, it is pending.
    """
    known, told = read_erasures(files), list(told)
    waiting = {(each.source, each.id) for each in told if not known.knows(each.erasure)}
    sure = {(each.trace, each.until) for each in known if each.heard is not None}
    unsure = [each for each in told if (each.erasure.trace, each.erasure.until) not in sure]
    if later := traces_active_after(files, [each.erasure for each in unsure]):
        waiting.update((each.source, each.id) for each in unsure if each.erasure.trace in later)
    return len(waiting.union(commands_received_at(files)))


def erase_from_lake(files: Files, told: Iterable[AnnouncedErasure], ledger: Path | None) -> ErasureResult:
    """Erase everybody known to be erased from the lake, and add them to its erasure list.

    Raises `BackupError` for a ledger that is none.

    What had come when a command was heard goes under each identifier of the person, so the time is looked up before the
    command itself is taken out.
    """
    kept = [] if ledger is None else map(_of_ledger, read_ledger(ledger))
    known = read_erasures(files)
    found = _with_heard([*told, *kept], commands_received_at(files, in_vain=True), known)
    add_erasures(files, known.new([*found, *erasure_commands(files)]))
    return erase(files, read_erasures(files))


def _with_heard(
    said: Iterable[AnnouncedErasure], heard: Mapping[tuple[str, str], int], known: Erasures
) -> list[Erasure]:
    """Each erasure with when its command was heard: by the lake's rows, or by its list under another identifier."""
    said, listed = list(said), {(each.trace, each.until): each.heard for each in known if each.heard is not None}
    came = dict(heard)
    for each in said:
        if (at := listed.get((each.erasure.trace, each.erasure.until))) is not None:
            came.setdefault((each.source, each.id), at)
    return [each.erasure._replace(heard=came.get((each.source, each.id))) for each in said]


def _of_ledger(entry: LedgerEntry) -> AnnouncedErasure:
    """The erasure of a ledger entry; of some entries only the hash of the identifier is known."""
    if (name := entry.name or entry.contact_id) is not None:
        return AnnouncedErasure(erasure_of(name, entry.time), entry.source, entry.id)
    return AnnouncedErasure(Erasure(entry.trace.removeprefix("/"), None, entry.time), entry.source, entry.id)
