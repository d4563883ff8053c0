"""One partition of the contacts' changelog as it is read for a backup: up to its end, and on from there."""

from collections.abc import Iterator

from faust.types import TP

from streams.domain.contact import decode
from streams.domain.contact.identity.erasure import place_of
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import BESIDE, GENERATION_KEY, NO_STATES
from streams.engine.runs import KafkaRecord
from streams.engine.store import Position, Store
from streams.engine.table_partition import read_watermark, watermark_key

_OF_OTHERS = b"/"
_HERE = Position("", 0, 0)


class Following:
    """What the changelog holds, without what roofs keep of others, which is the others' own as well."""

    def __init__(self, reader: PartitionReader, tp: TP, store: Store) -> None:
        self._reader = reader
        self._tp = tp
        self._store = store
        self._asking: set[bytes] = set()
        self.offset: int | None = None

    @property
    def is_asking(self) -> bool:
        """Whether somebody is being erased, and the links agent has not said yet who that is."""
        return bool(self._asking)

    @property
    def generation(self) -> int:
        """Of the table."""
        return int(self._store.get(GENERATION_KEY) or 0)

    def watermark(self, topic: str) -> int | None:
        """The last offset of that topic which is folded in here."""
        return read_watermark(self._store.get(watermark_key(TP(topic, self._tp.partition))))

    async def follow(self) -> None:
        """Read up to where the log ends now, whole transactions. Raises Kafka's errors, and `Unreadable`."""
        end = await self._reader.end_of(self._tp)
        start = await self._reader.start_of(self._tp) if self.offset is None else self.offset
        async for run in self._reader.runs(self._tp, start, end):
            self._take([record for record in run.records if record.offset < end])
        self.offset = end

    def kept(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value, without the engine's own."""
        return ((key, value) for key, value in self._store.items() if not key.startswith(NO_STATES))

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _take(self, records: list[KafkaRecord]) -> None:
        """What is kept beside the states follows from them and from what else is kept."""
        wanted = {each.key: each.value for each in records if each.key is not None and _is_own(each.key)}
        self._store.write(wanted, _HERE)
        for key, value in wanted.items():
            if key.startswith((*NO_STATES, _OF_OTHERS)):
                continue
            if value is not None and place_of(decode(value)).asked is not None:
                self._asking.add(key)
            else:
                self._asking.discard(key)


def _is_own(key: bytes) -> bool:
    return _OF_OTHERS not in key[1:] and not key.startswith(BESIDE)
