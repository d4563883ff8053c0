r"""Records whose header names are no UTF-8, and batches that are too much to open, read all the same.

Kafka gives the name of a header no encoding that a broker would check; aiokafka raises on it for ever, so one such
record would stop its partition. Here its batch is read again, slowly, and what is no text is shown as `\xff`. Of a
batch that holds too much (see `inflating`) one record is read that says so.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from streams.engine.inflating import Inflated, in_place_of, open_batches_with_a_limit


class _Lenient(bytearray):
    """Bytes whose parts decode whatever they are."""

    def __getitem__(self, at: Any) -> Any:
        part = super().__getitem__(at)
        return _Lenient(part) if isinstance(at, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode("utf-8", "backslashreplace")


class _Batch:
    """aiokafka's own batch, but for the iteration."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except Inflated as bomb:
            return iter([in_place_of(self._batch, bomb)])
        except UnicodeDecodeError:
            batch = _DefaultRecordBatchPy(self._raw)
            batch._maybe_uncompress()
            batch._buffer = _Lenient(batch._buffer[batch._pos :])
            batch._pos = 0
            return iter(list(batch))


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetched partition."""

    def next_batch(self, *args: int) -> Any:
        raw = self._next_slice
        batch = super().next_batch(*args)
        return None if batch is None else _Batch(batch, raw)


def read_any_header_name() -> None:
    """Make aiokafka's consumers do so, for the whole process."""
    open_batches_with_a_limit()
    fetcher.MemoryRecords = _Records
