"""What a worker measures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from events.rights_requests import RIGHTS_KINDS
from sinks.memory import MemorySink
from streams.domain.quarantine.quarantines import Quarantine
from streams.domain.rights.forgetting import waiting_by_kind
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestClosed, RequestOpened, step_record
from streams.engine.app import EXIT_FAIL_STOP, ChunkApp
from streams.engine.runs import End
from streams.platform.clients import KafkaClients
from streams.platform.errors import HiddenTopic, MissingTopic
from streams.platform.settings import Settings
from streams.worker import periodic, sink_monitor
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.sink_connector import UNKNOWN
from streams.worker.measuring.rights_requests import RightsMetrics
from streams.worker.measuring.teams import schedule_of
from streams.worker.metrics import MOST_SOURCES, Metrics, QuarantineMetrics
from streams.worker.periodic import StateCleanup
from streams.worker.rights_monitor import CLOSED_AT_ONCE, FollowedDesk, ids_to_ask
from streams.worker.sink_monitor import SinkMonitor
from streams.worker.state_dir import remove_old_stores
from tests.unit.engine.test_stores import let_time_pass, make, there
from tests.unit.events.records import NOW

PROMISED = {
    "harmonia_interactions_total": {"topic", "outcome"},
    "harmonia_dead_letters_total": {"stage", "reason"},
    "harmonia_duplicates_total": set(),
    "harmonia_unknown_fields_total": {"type"},
    "harmonia_times_ahead_total": {"team"},
    "harmonia_alerts_total": {"rule"},
    "harmonia_mail_reports_total": {"type", "campaign"},
    "harmonia_policy_changes_total": {"outcome"},
    "harmonia_policy_since_seconds": {"version"},
    "harmonia_profiles_cut_total": set(),
    "harmonia_identity_links_total": {"kind"},
    "harmonia_identity_findings_total": {"finding"},
    "harmonia_chunk_seconds": {"agent"},
    "harmonia_end_to_end_seconds": {"sink"},
    "harmonia_lag_records": {"topic", "partition"},
    "harmonia_sink_errors_total": {"sink"},
    "harmonia_sink_refills_total": {"sink"},
    "harmonia_inflow_total": {"team", "type"},
    "harmonia_applied_total": {"type"},
    "harmonia_donations_minor_units_total": {"currency", "flow"},
    "harmonia_canvass_total": {"method", "outcome"},
    "harmonia_human_acts_total": {"act", "change"},
    "harmonia_judged_acts_total": {"act"},
    "harmonia_waiting_seconds": {"topic"},
    "harmonia_stalled_seconds": {"topic", "partition"},
    "harmonia_topic_partitions": {"topic"},
    "harmonia_sink_behind_records": {"sink", "topic", "partition"},
    "harmonia_sink_behind_seconds": {"sink", "topic", "partition"},
    "harmonia_rebalances_total": set(),
    "harmonia_recovery_seconds": set(),
    "harmonia_recovering_seconds": set(),
    "harmonia_recovery_records_to_go": set(),
    "harmonia_transactions_total": {"outcome"},
    "harmonia_transaction_open_seconds": set(),
    "harmonia_transaction_seconds": set(),
    "harmonia_transaction_records": set(),
    "harmonia_fail_stops_total": {"reason"},
    "harmonia_kafka_under_replicated_partitions": set(),
    "harmonia_redis_memory_used_ratio": set(),
    "harmonia_state_disk_used_ratio": set(),
    "harmonia_policy_broken": set(),
    "harmonia_team_expected": {"team"},
    "harmonia_experiments": {"status"},
    "harmonia_experiment_results_total": set(),
    "harmonia_experiment_evaluation_seconds": set(),
    "harmonia_experiment_waiting_seconds": set(),
    "harmonia_experiment_uncounted_total": set(),
    "harmonia_segments": set(),
    "harmonia_segment_changes_total": {"cause"},
    "harmonia_segment_backfill_partitions": set(),
    "harmonia_segment_time_behind_seconds": set(),
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def test_the_metrics_and_their_labels_are_those_that_dashboards_use(metrics: Metrics) -> None:
    parts = (metrics, metrics.campaign, metrics.operations, metrics.experiments, metrics.segments, metrics.policy)
    made = [value for part in parts for value in vars(part).values() if isinstance(value, MetricWrapperBase)]
    names = {each._name + ("_total" if each._type == "counter" else ""): set(each._labelnames) for each in made}

    assert names == PROMISED


def test_a_chunk_is_observed_once_it_succeeds(metrics: Metrics) -> None:
    for chunks, error in ((None, RuntimeError()), (1, None)):
        with contextlib.suppress(RuntimeError), metrics.chunk("intake"):
            if error is not None:
                raise error
        assert metrics.registry.get_sample_value("harmonia_chunk_seconds_count", {"agent": "intake"}) == chunks


def test_the_contracts_second_is_a_bucket_of_the_end_to_end_time(metrics: Metrics) -> None:
    metrics.end_to_end_seconds.labels("redis").observe(0.9)

    labels = {"sink": "redis", "le": "1.0"}
    assert metrics.registry.get_sample_value("harmonia_end_to_end_seconds_bucket", labels) == 1


async def test_a_worker_deletes_what_it_has_left_behind_at_its_start_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = asyncio.Semaphore(0)

    def tidied_once(state_dir: Path) -> None:
        remove_old_stores(state_dir)
        tidied.release()

    monkeypatch.setattr(periodic, "TIDY_EVERY_S", 0.01)
    monkeypatch.setattr(periodic, "remove_old_stores", tidied_once)
    make(tmp_path, ("contacts", 0), ("contacts", 1))
    let_time_pass(tmp_path / "contacts/0")
    service = StateCleanup(tmp_path)

    await service.start()
    await asyncio.wait_for(tidied.acquire(), 10)
    assert there(tmp_path) == {"contacts/1"}
    let_time_pass(tmp_path / "contacts/1")
    for _ in range(2):
        await asyncio.wait_for(tidied.acquire(), 10)
    await service.stop()

    assert there(tmp_path) == set()


def told(*sources: str, until: int = NOW + 1) -> dict[str, float]:
    registry = CollectorRegistry()
    metrics = QuarantineMetrics(registry)
    metrics.tell({source: Quarantine(source, NOW + at, until, 600) for at, source in enumerate(sources)}, NOW)
    [family] = [each for each in registry.collect() if each.name == "harmonia_source_quarantined_since_seconds"]
    return {sample.labels["source"]: sample.value for sample in family.samples}


def test_sources_in_quarantine_have_the_time_since_when() -> None:
    assert told("digital/mailer", "field/app") == {"digital/mailer": NOW / 1000, "field/app": (NOW + 1) / 1000}


def test_a_source_whose_quarantine_has_ended_has_no_metric() -> None:
    assert told("digital/mailer", until=NOW) == {}


def test_sources_that_may_be_addresses_are_told_together_since_the_first() -> None:
    assert told("ada@example.org", "+12125550123") == {"other": NOW / 1000}


def test_made_up_sources_are_no_labels_without_end() -> None:
    assert len(told(*(f"source-{number}" for number in range(MOST_SOURCES + 10)))) == MOST_SOURCES + 1


def test_a_source_let_go_has_no_quarantine_metric_any_more() -> None:
    registry = CollectorRegistry()
    metrics = QuarantineMetrics(registry)
    metrics.tell({"digital/mailer": Quarantine("digital/mailer", NOW, NOW + 1, 600)}, NOW)
    metrics.tell({}, NOW)
    assert b'source="' not in generate_latest(registry)


DAY = date(2026, 2, 2)
AT = "2026-02-02T10:00:00.000Z"


def test_the_desk_is_folded_anew_only_where_a_record_came() -> None:
    followed = FollowedDesk()
    assert followed.desk().requests == {}
    followed.take(*step_record("aa", "1", RequestOpened(on=DAY, at=AT, by="a", kind="access", received=DAY)))
    opened = followed.desk()
    assert followed.desk() is opened
    followed.take(*step_record("aa", "2", RequestClosed(on=DAY, at=AT, by="a", outcome="granted")))
    assert (opened.requests["aa"].closed, followed.desk().requests["aa"].closed) == (None, DAY)
    for step in ("aa/1", "aa/2"):
        followed.take(step.encode(), None)
    assert followed.desk().requests == {}


def test_redis_is_asked_each_time_of_what_is_open_and_in_turn_of_all_that_is_closed() -> None:
    def request(name: str, closed: date | None) -> RightsRequest:
        return RightsRequest(name, "access", f"crm.{name}", DAY, DAY, (), closed=closed)

    names = [f"closed{number}" for number in range(2 * CLOSED_AT_ONCE + 1)]
    there = [request("open", None), *(request(name, DAY) for name in names)]
    desk = RightsDesk({one.id: one for one in there}, {})
    asked = [ids_to_ask(desk, turn) for turn in (7, 8, 9)]
    assert [("crm.open" in ids, len(ids) <= CLOSED_AT_ONCE + 1) for ids in asked] == [(True, True)] * 3
    assert {*asked[0], *asked[1], *asked[2]} == {f"crm.{one.id}" for one in there}
    assert ids_to_ask(RightsDesk({"open": there[0]}, {}), 7) == ["crm.open"]


LATE = RightsRequest("aa", "access", "crm.ada", date(2026, 1, 31), date(2026, 2, 28), ())
EARLY = RightsRequest("bb", "access", "crm.bo", date(2026, 2, 28), date(2026, 3, 28), ())


def test_open_and_overdue_requests_are_told_by_kind_until_they_are_closed() -> None:
    registry = CollectorRegistry()
    metrics = RightsMetrics(registry)

    def shown(kind: str, state: str) -> float | None:
        return registry.get_sample_value("harmonia_rights_requests", {"kind": kind, "state": state})

    metrics.tell(waiting_by_kind(RightsDesk({"aa": LATE, "bb": EARLY}, {}), date(2026, 3, 1)))
    assert (shown("access", "open"), shown("access", "overdue")) == (2, 1)
    assert {shown(kind, "overdue") for kind in RIGHTS_KINDS if kind != "access"} == {0}
    metrics.tell(waiting_by_kind(RightsDesk({}, {}), date(2026, 3, 1)))
    assert (shown("access", "open"), shown("access", "overdue")) == (0, 0)


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
