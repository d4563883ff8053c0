"""Deletes local stores of partitions that others own by now: whoever is erased there would stay in their files.

A store that nobody has opened for so long would be wiped before it was used again, so nothing is lost with it.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from rocksdict import Options, Rdict

from streams.engine.rocksdb_store import DISTRUSTED
from streams.engine.store_restore import LONGEST_IDLE_MS

logger = logging.getLogger(__name__)


def delete_left_behind(directory: Path, tables: Iterable[str]) -> int:
    """Delete the stores of these tables below `directory` that nobody has used for too long. Returns how many.

    One that any process has open is left alone, however old it looks. Blocks while it deletes files. What cannot be
    deleted is logged, and is still there the next time.
    """
    oldest = time.time() - LONGEST_IDLE_MS / 1000
    idle = [path for table in tables for path in _stores(directory / table) if _last_used(path) < oldest]
    return sum(map(_is_deleted, idle))


def _stores(table: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (path for path in table.iterdir() if path.name.isdigit() and path.is_dir())


def _last_used(store: Path) -> float:
    """RocksDB writes to its log whenever a store is opened or closed, and every ten minutes while it is open."""
    with suppress(OSError):
        return max(path.stat().st_mtime for path in (store, *store.iterdir()))
    return time.time()  # somebody is making or deleting it


def _is_deleted(store: Path) -> bool:
    try:
        Rdict.destroy(str(store), Options(raw_mode=True))  # refuses what is open, here or in another process
        if store.exists():  # for what is not RocksDB's
            (store / DISTRUSTED).unlink(missing_ok=True)
            store.rmdir()
    except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more special
        if str(store / "LOCK") not in str(error):
            logger.warning("the store %s is not used any more and cannot be deleted: %s", store, error)
        return False
    logger.info("the store %s was not used for long and is deleted", store)
    return True
