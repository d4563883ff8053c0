"""Stores on disk: one RocksDB for each partition, so that a worker starts again from what it had.

All of a worker's share one cache and one bound for their write buffers: memory does not grow with the number of
contacts. RocksDB keeps no log of its own, for the changelog is one: a worker that is killed loses what was in the write
buffers, values and position alike, and reads it again. So a store is what its files say, as old as they are; with a
log, files that lost their end and a log that did not would be put together with a hole between them. Ahead a store can
never be, since it is written after the commit. Whatever else is wrong with it is a reason to wipe it.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import cast

import orjson
from rocksdict import (
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    CompactOptions,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from streams.engine.store import Position
from streams.platform.errors import StoreFailed, Unusable

logger = logging.getLogger(__name__)

CACHE_BYTES = 128 << 20
"""Blocks, indexes, filters and write buffers of all partitions together."""

WRITE_BUFFERS_BYTES = 48 << 20
"""The part of it that written records may take before they go to disk."""

DISTRUSTED = "distrusted"
"""A file in the directory of a store that is to be made anew."""

_POSITION_KEY = b"\x00position"  # like the watermarks, no key of a table
_WRITE_BUFFER_BYTES = 8 << 20
_BLOCK_BYTES = 8 << 10
_BLOOM_BITS = 10
_OPEN_FILES = 64
_KIND = 2
"""Parts of RocksDB's words that say no more than what happened: "IO error: No space left on device"."""


class RocksStores:
    """Opens the stores of one worker below one directory; an `OpenStore`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._options = _options()

    def __call__(self, table: str, partition: int) -> "RocksStore":
        """Open the store of a partition; one that cannot be read is wiped, for the changelog has all of it.

        Raises `Unusable` when there is no way to keep a store in this place.
        """
        path = self._directory / table / str(partition)
        if not (path / DISTRUSTED).exists():
            try:
                return RocksStore(path, self._options)
            except Exception as error:
                if str(path / "LOCK") in str(error):  # somebody's who is alive; a spoilt "block" is not one
                    raise Unusable(f"HARMONIA_STATE_DIR: the store {path} is in use: {error}") from error
        logger.warning("the store %s cannot be read and is made anew from the changelog", path)
        try:
            shutil.rmtree(path)
            return RocksStore(path, self._options)
        except Exception as error:
            raise Unusable(f"HARMONIA_STATE_DIR: no store can be kept in {path}: {error}") from error


class RocksStore:
    """A `Store` in a RocksDB of its own.

    Raises `StoreFailed` when the disk fails or what is on it is spoilt: the process must stop. The store is not trusted
    any more and will be made anew, so that the next process does not stop at the same place.
    """

    def __init__(self, path: Path, options: Options) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._options = options
        self._db = Rdict(str(path), options)
        self._without_log = WriteOptions()
        self._without_log.disable_wal = True  # type: ignore[method-assign, assignment]  # its stub calls it a method
        self._to_the_bottom = CompactOptions()
        self._to_the_bottom.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        self._has_forgotten = False
        self._position = _read_position(self._db.get(_POSITION_KEY))

    @property
    def position(self) -> Position | None:
        return self._position

    def get(self, key: bytes) -> bytes | None:
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._failed(error) from error
        return value

    def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        try:
            values = cast(list[bytes | None], self._db.get(list(keys)))
        except Exception as error:
            raise self._failed(error) from error
        return values

    def write(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(_POSITION_KEY, orjson.dumps(tuple(position)))
        try:
            self._db.write(batch, self._without_log)
        except Exception as error:
            raise self._failed(error) from error
        self._position = position

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        held = cast(Iterator[tuple[bytes, bytes]], self._db.items())  # raw mode knows bytes alone
        return ((key, value) for key, value in held if key != _POSITION_KEY)

    def following(self, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        try:
            held = cast(Iterator[tuple[bytes, bytes]], self._db.items(from_key=after + b"\x00"))
            return list(islice((pair for pair in held if pair[0] != _POSITION_KEY), most))
        except Exception as error:
            raise self._failed(error) from error

    def keys_following(self, after: bytes, most: int) -> list[bytes]:
        try:
            held = cast(Iterator[bytes], self._db.keys(from_key=after + b"\x00"))
            return list(islice((key for key in held if key != _POSITION_KEY), most))
        except Exception as error:
            raise self._failed(error) from error

    def wipe(self) -> None:
        try:
            self._db.close()
            Rdict.destroy(str(self._path), self._options)
            self._db = Rdict(str(self._path), self._options)
        except Exception as error:
            raise self._failed(error) from error
        self._position = None

    def forgetting(self) -> Callable[[], None]:
        return self._compact

    def close(self) -> None:
        self._db.close()
        if self._has_forgotten:
            # RocksDB's list of files names the first and last key of each that ever was; opening writes it anew.
            Rdict(str(self._path), self._options).close()

    def _compact(self) -> None:
        try:
            self._db.flush()
            self._db.compact_range(None, None, self._to_the_bottom)
        except Exception as error:
            raise self._failed(error) from error
        self._has_forgotten = True

    def _failed(self, error: Exception) -> StoreFailed:
        """Not to be trusted from now on. Of what RocksDB says, its kind: what comes behind may be a key."""
        with suppress(OSError):
            (self._path / DISTRUSTED).touch()
        kind = ": ".join(str(error).split(": ")[:_KIND])
        return StoreFailed(f"HARMONIA_STATE_DIR: the store {self._path} failed: {kind}. Is its disk full or failing?")


def _read_position(value: bytes | None) -> Position | None:
    return None if value is None else Position(*orjson.loads(value))


def _options() -> Options:
    cache = Cache(CACHE_BYTES)
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_cache_index_and_filter_blocks(True)
    table.set_bloom_filter(_BLOOM_BITS, False)
    table.set_block_size(_BLOCK_BYTES)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_manager(
        WriteBufferManager.new_write_buffer_manager_with_cache(WRITE_BUFFERS_BYTES, False, cache)
    )
    options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_max_open_files(_OPEN_FILES)
    options.set_keep_log_file_num(2)
    return options
