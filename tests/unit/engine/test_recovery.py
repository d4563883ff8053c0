"""One recovery at a time, and none that goes on when its partitions are given up."""

import asyncio
import gc
import weakref
from typing import cast

import pytest
from faust.tables.recovery import ServiceStopped

from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.recovery import TableManager
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.unit.engine.workplace import everything_that_can


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
