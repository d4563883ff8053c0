"""What is declared of an agent."""

from pathlib import Path

import pytest
from faust.types import TP

from events import topics
from events.topics import AGENTS, ALL, SINKS, SINKS_ON_REDIS, TopicSpec, read_by
from streams.engine.table import Flow
from streams.platform.settings import Settings
from streams.platform.topics import TABLES, topics_read_by_workers, wanted_topics
from streams.worker.agents.campaigns import aggregator as campaigns
from streams.worker.agents.contacts import agent as contacts_agent
from streams.worker.agents.contacts import handler as contacts
from streams.worker.agents.experiments import aggregator as experiments
from streams.worker.agents.identity import handler as links
from streams.worker.agents.intake import agent as intake
from streams.worker.agents.latency_header import received_at, received_header
from streams.worker.agents.sinks.experiment_results import ExperimentResultsConnector
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.agents.sinks.segments import SegmentsConnector
from streams.worker.agents.spec import flow_of
from streams.worker.app import AGENT_SPECS, build_worker
from streams.worker.sink_monitor import SinkMonitor

BY_NAME = {spec.name: spec for spec in AGENT_SPECS}
PARTITIONS = 2


def flow(name: str) -> Flow:
    spec = next(spec for spec in AGENT_SPECS if spec.name == name)
    assert spec.table is not None
    return flow_of(spec, spec.table, PARTITIONS)


def everywhere(*names: str) -> set[TP]:
    return {TP(name, number) for name in names for number in range(PARTITIONS)}


def test_a_worker_is_built_from_every_agent_that_topics_are_told_of() -> None:
    assert tuple(spec.name for spec in AGENT_SPECS) == AGENTS
    assert [spec.name for spec in AGENT_SPECS if spec.table is not None] == list(TABLES)


def test_an_agent_says_how_states_are_kept_exactly_if_it_has_a_table() -> None:
    assert {spec.name for spec in AGENT_SPECS if spec.states is not None} == set(TABLES)


def test_an_agent_names_itself_in_metrics_as_in_the_list() -> None:
    stages = [module.STAGE for module in (intake, contacts, links, campaigns, experiments)]
    assert stages == ["intake", "contacts", "links", "campaigns", "experiments"]
    connectors = (ExperimentResultsConnector, SegmentsConnector)
    assert (ContactStateConnector.name, "holds", *(each.name for each in connectors)) == SINKS_ON_REDIS


def test_folding_contacts_writes_beside_itself_and_shares_what_many_write() -> None:
    told = flow("contacts")
    assert set(told.sources) == set(contacts_agent._KINDS)
    assert set(told.outputs) >= {
        *("contact-state", "contact-links", "contact-suppressions", "contact-alerts"),
        *("dead-letters", "experiment-sweeps"),
    }
    assert not told.elsewhere
    assert set(told.shared) == everywhere("contact-fragments") | {
        TP(name, 0) for name in ("identity-links", "campaign-counts", "experiment-partials")
    }


@pytest.mark.parametrize(
    ("name", "sources", "alone"),
    [
        ("links", ["identity-links"], ["contact-roofs"]),
        ("campaigns", ["campaign-counts"], []),
        ("experiments", ["experiment-partials"], ["experiment-results"]),
    ],
)
def test_a_table_of_one_partition_writes_alone_to_all_partitions_and_shares_alerts(
    name: str, sources: list[str], alone: list[str]
) -> None:
    told = flow(name)
    assert (told.sources, told.outputs) == (sources, [])
    assert set(told.elsewhere) == everywhere(*alone)
    assert set(told.shared) == everywhere("system-alerts")


def test_every_topic_is_written_by_somebody_and_read_by_somebody() -> None:
    assert [topic.name for topic in ALL if not topic.written_by or not topic.read_by] == []


def test_an_agent_that_wakes_itself_reads_what_it_sends() -> None:
    for topic in ALL:
        assert set(topic.woken_by) <= set(topic.read_by)
    assert {name for topic in ALL for name in topic.woken_by} == {"links", "experiments", "contacts"}


def test_a_sink_follows_the_topics_that_it_is_told_to_read(tmp_path: Path) -> None:
    worker = build_worker(Settings(partitions=PARTITIONS, state_dir=tmp_path), lambda _: None)
    [watch] = [service for service in worker.services if isinstance(service, SinkMonitor)]
    followed = {sink.behind.sink: list(sink.behind._topics) for sink in watch._sinks}
    assert followed == {sink: [topic.name for topic in read_by(sink)] for sink in SINKS if sink in followed}
    assert {*SINKS_ON_REDIS} <= {*followed}


def test_a_built_worker_subscribes_to_what_its_agents_read(tmp_path: Path) -> None:
    settings = Settings(app_id="there", partitions=PARTITIONS, state_dir=tmp_path)
    app = build_worker(settings, lambda _: None).app
    changelogs = {topic.name for topic in wanted_topics(settings)[len(ALL) :]}
    assert app.topics_read() == {*topics_read_by_workers(settings), *changelogs}
    assert set(app.tables) == set(TABLES)


@pytest.mark.parametrize(
    ("fields", "outputs", "shared"),
    [
        ({}, {"donor-ranks"}, set()),
        ({"partitions": 1}, set(), {TP("donor-ranks", 0)}),
        ({"crosses": True}, set(), everywhere("donor-ranks")),
        ({"written_by": ("contacts", "links")}, set(), everywhere("donor-ranks")),
    ],
)
def test_a_topic_more_is_part_of_the_flow_of_those_who_write_it(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], outputs: set[str], shared: set[TP]
) -> None:
    said = {"written_by": ("contacts",), "read_by": ("redis",), **fields}
    more = TopicSpec(name="donor-ranks", purpose="", cleanup="compact", people="nobody", **said)  # type: ignore[arg-type]
    before = flow("contacts")
    monkeypatch.setattr(topics, "ALL", (*ALL, more))

    after = flow("contacts")

    assert set(after.outputs) - set(before.outputs) == outputs
    assert set(after.shared) - set(before.shared) == shared
    assert more in BY_NAME["redis"].topics


def test_a_latency_header_is_read_as_it_was_written() -> None:
    assert received_at([("other", b"7"), received_header(1_329_868_800_123)]) == 1_329_868_800_123


def test_the_latency_header_is_text() -> None:
    assert received_header(1_329_868_800_123) == ("received_at", b"1329868800123")


@pytest.mark.parametrize("value", [None, b"", b"soon", b"-5", b"1.5", b"\xff"])
def test_a_latency_header_that_cannot_be_read_is_none(value: bytes | None) -> None:
    assert received_at([("received_at", value)]) is None


def test_without_headers_there_is_no_time_of_receipt() -> None:
    assert received_at([]) is None
