import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from prometheus_client import CollectorRegistry

from sinks.memory import MemorySink
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.runs import End
from streams.platform.clients import KafkaClients
from streams.platform.errors import HiddenTopic, MissingTopic
from streams.platform.settings import Settings
from streams.worker import sink_monitor
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.sink_connector import UNKNOWN
from streams.worker.measuring.teams import schedule_of
from streams.worker.metrics import Metrics
from streams.worker.sink_monitor import SinkMonitor

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1")
INTERACTIONS, STATE = TP("interactions", 0), TP("contact-state", 1)


class OwningApp(ChunkApp):
    """An app that owns what it is told to own."""

    def __init__(self, stopped: list[int]) -> None:
        super().__init__(SETTINGS, KafkaClients(SETTINGS), lambda _: None, stopped.append)
        self.lags: dict[TP, int] = {}

    def owned_partitions(self) -> list[TP]:
        return list(self.lags)

    def lag(self) -> dict[TP, int]:
        return self.lags

    def ends(self) -> dict[TP, End]:
        return {}


class WatchedSink(ContactStateConnector):
    """Notes each look; the next ones fail as told."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(MemorySink(), KafkaClients(SETTINGS), 8, metrics, lambda: 0)
        self.looks: asyncio.Queue[list[TP]] = asyncio.Queue()
        self.troubles: list[Exception] = []
        self.comparisons: asyncio.Queue[None] = asyncio.Queue()
        self.troubles_of_comparisons: list[Exception] = []

    async def forget_former_topics(self) -> None:
        self.comparisons.put_nowait(None)
        if self.troubles_of_comparisons:
            raise self.troubles_of_comparisons.pop(0)

    async def watch(self, partitions: Sequence[TP], ends: Mapping[TP, End] = UNKNOWN) -> None:
        self.looks.put_nowait(list(partitions))
        if self.troubles:
            raise self.troubles.pop(0)


class Bench:
    def __init__(self) -> None:
        self.stopped: list[int] = []
        self.metrics = Metrics(CollectorRegistry())
        self.app = OwningApp(self.stopped)
        self.sink = WatchedSink(self.metrics)
        self.now = 1_000_000
        self.schedule = schedule_of({"teams": {"digital": {"hours": ["mon-sun 00:00-24:00"]}}})

    def clock(self) -> int:
        return self.now

    def shown(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    async def look(self) -> list[TP]:
        return await asyncio.wait_for(self.sink.looks.get(), 5)

    async def look_again(self) -> list[TP]:
        """The next look that begins from now on."""
        while not self.sink.looks.empty():
            self.sink.looks.get_nowait()
        await self.look()
        return await self.look()

    async def shows(self, *lags: float | None) -> bool:
        """Whether these lags of both partitions are shown before long."""
        for _ in range(100):
            await self.look()
            if (self.lag(INTERACTIONS), self.lag(STATE)) == lags:
                return True
        return False

    def lag(self, tp: TP) -> float | None:
        labels = {"topic": tp.topic, "partition": str(tp.partition)}
        return self.metrics.registry.get_sample_value("harmonia_lag_records", labels)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(sink_monitor, "INTERVAL_S", 0.001)
    monkeypatch.setattr(sink_monitor, "COMPARE_EVERY_S", 0.001)
    bench = Bench()
    async with SinkMonitor(bench.app, [bench.sink], bench.metrics, bench.clock, bench.schedule):
        yield bench


@pytest.mark.parametrize(
    "troubles", [[KafkaConnectionError(), TimeoutError()], [MissingTopic("there is no topic contact-state")]]
)
async def test_a_broker_or_a_topic_that_is_away_does_not_end_the_watch(bench: Bench, troubles: list[Exception]) -> None:
    bench.sink.troubles = [*troubles]

    await bench.look_again()
    await bench.look_again()

    assert bench.stopped == []


@pytest.mark.parametrize("trouble", [HiddenTopic("this user may not see the topic"), RuntimeError("a bug")])
async def test_a_topic_that_is_hidden_and_a_bug_end_the_process(bench: Bench, trouble: Exception) -> None:
    """Nobody makes the topic, so waiting is in vain; the last line of the log names the right that is lacking."""
    bench.sink.troubles = [trouble]

    await bench.look_again()

    assert bench.stopped == [EXIT_FAIL_STOP]


async def test_a_sink_asks_again_and_again_whether_its_topics_were_made_anew(bench: Bench) -> None:
    """Also after a topic was missing for a while, and the broker away."""
    bench.sink.troubles_of_comparisons = [MissingTopic("there is no topic contact-state"), KafkaConnectionError()]

    for _ in range(4):
        await asyncio.wait_for(bench.sink.comparisons.get(), 5)

    assert bench.sink.troubles_of_comparisons == []
    assert bench.stopped == []


async def test_lag_is_shown_for_what_is_owned_and_for_nothing_else(bench: Bench) -> None:
    bench.app.lags = {INTERACTIONS: 7, STATE: 1}
    assert await bench.shows(7, 1)

    bench.app.lags = {STATE: 2}
    assert await bench.shows(None, 2)


async def test_what_waits_and_what_stands_still_is_shown(bench: Bench) -> None:
    bench.app.lags = {INTERACTIONS: 7, STATE: 0}
    assert await bench.shows(7, 0)

    bench.now += 90_000
    await bench.look_again()

    assert bench.shown("harmonia_stalled_seconds", topic="interactions", partition="0") == 90
    assert bench.shown("harmonia_waiting_seconds", topic="interactions") == 90
    assert bench.shown("harmonia_stalled_seconds", topic="contact-state", partition="1") == 0
    assert bench.shown("harmonia_waiting_seconds", topic="contact-state") == 0


async def test_a_sink_that_was_not_whole_since_is_behind(bench: Bench) -> None:
    bench.app.lags = {STATE: 0}
    assert await bench.shows(None, 0)
    bench.sink.behind.whole_at(STATE, bench.now)
    bench.now += 5_000
    await bench.look_again()

    where = {"sink": "redis", "topic": "contact-state", "partition": "1"}
    assert bench.shown("harmonia_sink_behind_seconds", **where) == 5
