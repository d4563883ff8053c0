"""How stores are recovered from changelogs, and when abandoned ones are removed."""

import asyncio
import gc
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndTimestamp, TopicPartition
from faust.tables.recovery import ServiceStopped
from faust.types import TP

from streams.engine.abandoned_stores import delete_left_behind
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.changelog import PartitionReader
from streams.engine.recovery import TableManager
from streams.engine.rocksdb_store import RocksStores
from streams.engine.store_restore import LONGEST_IDLE_MS
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.unit.engine.store_contract import HERE
from tests.unit.engine.workplace import everything_that_can

LONG_AGO_S = LONGEST_IDLE_MS / 1000 + 60

HOLD_OPEN = """
import sys
from rocksdict import Options, Rdict
held = Rdict(sys.argv[1], Options(raw_mode=True))
print("open", flush=True)
sys.stdin.read()
"""


def make(directory: Path, *places: tuple[str, int]) -> None:
    stores = RocksStores(directory)
    for place in places:
        store = stores(*place)
        store.write({b"a": b"somebody"}, HERE)
        store.close()


def let_time_pass(store: Path, seconds: float = LONG_AGO_S) -> None:
    then = time.time() - seconds
    for path in (store, *store.iterdir()):
        os.utime(path, (then, then))


def there(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.glob("*/*") if path.is_dir()}


def test_a_store_that_nobody_has_used_for_too_long_is_deleted(tmp_path: Path) -> None:
    make(tmp_path, ("contacts", 0), ("contacts", 1), ("links", 0))
    let_time_pass(tmp_path / "contacts/0")
    (tmp_path / "contacts/0/distrusted").touch()
    let_time_pass(tmp_path / "contacts/0")
    let_time_pass(tmp_path / "contacts/1", seconds=LONGEST_IDLE_MS / 1000 - 60)
    let_time_pass(tmp_path / "links/0")

    assert delete_left_behind(tmp_path, ["contacts", "links"]) == 2

    assert there(tmp_path) == {"contacts/1"}


def test_what_is_no_store_of_these_tables_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, ("photographs", 0), ("contacts", 0))
    (tmp_path / "contacts/0").rename(tmp_path / "contacts/mine")
    for place in ("photographs/0", "contacts/mine"):
        let_time_pass(tmp_path / place)

    assert delete_left_behind(tmp_path, ["contacts", "links"]) == 0

    assert there(tmp_path) == {"photographs/0", "contacts/mine"}


def test_a_store_that_is_open_here_is_never_deleted(tmp_path: Path) -> None:
    store = RocksStores(tmp_path)("contacts", 0)
    store.write({b"a": b"1"}, HERE)
    let_time_pass(tmp_path / "contacts/0")

    assert delete_left_behind(tmp_path, ["contacts"]) == 0

    assert store.get(b"a") == b"1"
    store.close()
    again = RocksStores(tmp_path)("contacts", 0)
    assert again.get(b"a") == b"1"
    again.close()


def test_a_store_that_another_process_has_open_is_never_deleted(tmp_path: Path) -> None:
    make(tmp_path, ("contacts", 0))
    path = tmp_path / "contacts/0"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        let_time_pass(path)

        assert delete_left_behind(tmp_path, ["contacts"]) == 0

        other.communicate()
    again = RocksStores(tmp_path)("contacts", 0)
    assert again.get(b"a") == b"somebody"
    again.close()


def test_what_cannot_be_deleted_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, ("contacts", 0))
    (tmp_path / "contacts/0/a-folder").mkdir()
    let_time_pass(tmp_path / "contacts/0")

    assert delete_left_behind(tmp_path, ["contacts"]) == 0

    assert "cannot be deleted" in caplog.text


# One recovery at a time, and none that goes on when its partitions are given up.
class Office:
    """An app whose tables take as long to be taken over as the test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings(kafka_bootstrap="127.0.0.1:1", partitions=1)
        self.codes: list[int] = []
        self.ready: list[int] = []
        self.app = ChunkApp(settings, KafkaClients(settings), self.ready.append, self.codes.append)
        self.recovery = cast(TableManager, self.app.tables).recovery
        self.log: list[str] = []
        self.taken_over = asyncio.Event()
        monkeypatch.setattr(self.recovery, "_take_over", self._take_over)
        monkeypatch.setattr(self.recovery, "on_recovery_completed", self._complete)
        monkeypatch.setattr(self.app, "release_tables", self._release)

    def begin(self) -> None:
        self.recovery._under_way = asyncio.create_task(self.recovery._recover(1))

    async def _take_over(self) -> None:
        try:
            await self.taken_over.wait()
        except asyncio.CancelledError:
            self.log.append("halted")
            raise

    async def _release(self) -> None:
        self.log.append("released")

    async def _complete(self, _: int) -> None:
        return


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(monkeypatch)


async def test_partitions_are_given_up_only_after_their_recovery_has_ended(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would open writers behind the release, and fence the next owner."""
    monkeypatch.setattr(office.app.consumer, "commit_and_end_transactions", office._release)
    office.begin()
    await everything_that_can()

    await office.app.consumer.wait_empty()

    assert office.log[0] == "halted"
    assert office.log[-1] == "released"
    assert office.ready == []


async def test_what_the_partitions_of_before_left_behind_is_freed(office: Office) -> None:
    """Clients are in cycles with their connections, and the collector would look at what is so old once in hours."""
    client = Client()
    connection = client.connection
    gc.collect(1)  # it is as old now as what a worker holds for a while
    del client
    gc.collect(1)
    assert connection() is not None

    office.taken_over.set()
    office.begin()
    await everything_that_can()

    assert connection() is None


class Client:
    """Something that its connection knows, and whose connection it is."""

    class Connection:
        """One that is closed."""

        def __init__(self, client: "Client") -> None:
            self.client = client

    def __init__(self) -> None:
        self._connection = Client.Connection(self)
        self.connection = weakref.ref(self._connection)


async def test_a_broker_that_does_not_answer_in_time_stops_the_worker(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust calls that a stopped service, and the worker would never recover again."""

    async def out_of_time(_: int) -> None:
        raise ServiceStopped

    monkeypatch.setattr(office.recovery, "on_recovery_completed", out_of_time)
    office.taken_over.set()
    office.begin()
    await everything_that_can()

    assert office.codes == [EXIT_FAIL_STOP]


# Where a partition is read from, where a broker cannot tell of a time.
TOLD, NONE, UNTOLD = TPS = [TP("t", 0), TP("t", 1), TP("t", 2)]


class Unopened(KafkaError):  # type: ignore[misc]
    retriable = False


class Reader(PartitionReader):
    """Of a broker that cannot open a batch of one partition."""

    async def starts_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 3)

    async def ends_of(self, tps: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 90)


class Consumer:
    async def offsets_for_times(
        self, times: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        if UNTOLD in times:
            raise Unopened
        return {tp: OffsetAndTimestamp(40, 1) if tp == TOLD else None for tp in times}


async def test_where_the_broker_cannot_tell_it_is_the_end_or_for_whoever_must_miss_nothing_the_start() -> None:
    reader = Reader.__new__(Reader)
    reader._consumer = Consumer()
    assert await reader.offsets_at(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 90}
    assert await reader.offsets_not_after(TPS, 1) == {TOLD: 40, NONE: 90, UNTOLD: 3}
