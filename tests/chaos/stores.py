"""What workers left on disk: every store is the changelog up to where it says it stands, neither more nor less."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from streams.demo.deployment import Deployment
from streams.demo.read_back import records_of
from streams.engine.rocksdb_store import RocksStore, _options
from streams.platform.topics import CONTACTS_TABLE, TABLES, changelog_name


class Left(NamedTuple):
    """A store that was left by a worker: up to where it stands for the changelog, and what is in it."""

    path: Path
    partition: int
    offset: int
    held: dict[bytes, bytes]


def wrong_stores(deployment: Deployment, folder: Path) -> list[str]:
    """What is not as it must be in the stores below a folder, whose workers have ended; empty when all is well."""
    return [wrong for table in TABLES for wrong in _wrong_stores_of_table(deployment, folder, table)]


def stores_below(folder: Path, table: str = CONTACTS_TABLE) -> Iterator[Left]:
    """Every store of a table below a folder that can still be trusted."""
    for current in sorted(folder.glob(f"**/{table}/*/CURRENT")):
        path = current.parent
        if (path / "distrusted").exists():
            continue
        store = RocksStore(path, _options())
        yield Left(path, int(path.name), store.position.offset if store.position else 0, dict(store.items()))
        store.close()


def _wrong_stores_of_table(deployment: Deployment, folder: Path, table: str) -> list[str]:
    changelog = _changelog(deployment, table)
    stores = list(stores_below(folder, table))
    wrong = [
        f"{store.path} stands at {store.offset} and is not what the changelog says up to there"
        for store in stores
        if store.held != _folded(changelog[store.partition], store.offset)
    ]
    furthest = dict.fromkeys(changelog, 0)
    for store in stores:
        furthest[store.partition] = max(furthest.get(store.partition, 0), store.offset)
    return wrong + [
        f"no store has the last record of partition {partition} of the changelog of {table}"
        for partition, records in changelog.items()
        if records and furthest[partition] <= records[-1].offset
    ]


def _changelog(deployment: Deployment, table: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records_of(deployment.consumer, changelog_name(deployment.settings, table)):
        found[record.partition].append(record)
    return found


def _folded(records: Sequence[Any], end: int) -> dict[bytes, bytes]:
    held = {record.key: record.value for record in records if record.offset < end}
    return {key: value for key, value in held.items() if value is not None}
