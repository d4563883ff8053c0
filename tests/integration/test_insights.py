"""What is in the lake and what is only in the topic yet are one history, wherever the one ends and the other begins."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from events.json_types import JSON
from events.times import parse_time
from events.topics import INTERACTIONS
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.history.insights import answering
from streams.history.lake.coverage import lake_gap
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.command import harmonia, on
from tests.integration.said import fresh
from tests.unit.engine.kafka_records import Fetched
from tests.unit.history.lake.topic_records import topic_record

DAYS = ("--from", "2012-02-21", "--to", "2012-02-23")
FILED, LATER = 20, 3


def test_a_series_has_no_seam(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = fresh()
    who: JSON = {"contact_id": fresh()}
    taken_back: JSON = {"source": "digital/mailer", "id": "i7"}
    forms = [
        topic_record(number, "form.submitted", contact=who, campaign_id=campaign, kind="signup")
        for number in range(FILED + LATER)
    ]
    retraction = topic_record(FILED + LATER, "interaction.retracted", contact=who, retracts=taken_back)
    files = LocalFiles(tmp_path / "lake")

    produce(settings, forms[:FILED])
    file_all(settings, files)
    produce(settings, [*forms[FILED:], forms[3], retraction])

    monkeypatch.setenv("KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
    monkeypatch.setenv("HARMONIA_TOPIC_PREFIX", settings.topic_prefix)
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HARMONIA_TIME_ZONE", "America/New_York")
    ask = ["insights", "form.submitted", "--campaign", campaign, *DAYS, "--json"]
    between = orjson.loads(CliRunner().invoke(app, ask).stdout)
    file_all(settings, files)
    filed = orjson.loads(CliRunner().invoke(app, ask).stdout)

    assert between["series"] == filed["series"]
    assert [point["value"] for point in between["series"][0]["points"]] == [0, FILED + LATER - 1]
    with monkeypatch.context() as cramped:
        cramped.delenv("HARMONIA_LAKE")
        cramped.setattr(answering, "MOST_TAIL_BYTES", 1 << 10)
        refused = CliRunner().invoke(app, ask)
        assert (refused.exit_code, "set HARMONIA_LAKE" in refused.output) == (1, True)
        assert "no lake is set (HARMONIA_LAKE): this is what the topic interactions still holds" in refused.stderr
    early = CliRunner().invoke(app, ["insights", "form.submitted", "--from", "2011-02-01", "--to", "2011-02-05"])
    assert early.stdout.startswith("no data from 2011-02-01 up to 2011-02-05: the first interaction is of ")
    whole = CliRunner().invoke(app, ["insights", "--campaign", campaign, *DAYS, "--by", "week", "--json"])
    assert [(one["metric"], one["series"][0]["total"]) for one in orjson.loads(whole.stdout)] == [
        ("form.submitted", FILED + LATER - 1)
    ]
    assert between["series"][0]["points"][1]["at"] == "2012-02-22T05:00:00.000Z"


def test_a_backtest_says_what_the_lake_lacks_of_the_topic(own_stack: Stack, settings: Settings, tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "lake")
    sent = [topic_record(number, "email.sent", contact={"contact_id": fresh()}) for number in range(FILED + LATER)]
    policy = Path(__file__).parents[1] / "unit/history/backtest/policy.toml"
    ask = ("backtest", "--policy", str(policy), "--lake", str(tmp_path / "lake"), "--json")

    produce(settings, sent[:FILED])
    file_all(settings, files)
    assert lake_gap(settings, files) is None
    began = time.time_ns() // 1_000_000
    produce(settings, sent[FILED:])
    told = harmonia(tmp_path, *ask, environment=on(own_stack))
    assert told.returncode == 0, told.stderr
    lacking = orjson.loads(told.stdout)["not_in_lake"]

    assert lacking["records"] == LATER
    assert began <= (parse_time(lacking["since"]) or 0)
    nowhere = harmonia(tmp_path, *ask, environment={**on(own_stack), "KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    assert orjson.loads(nowhere.stdout)["not_in_lake"] is None
    assert b"how far the lake is behind the topic interactions is not known: Kafka does not answer" in nowhere.stderr
    file_all(settings, files)
    assert orjson.loads(harmonia(tmp_path, *ask, environment=on(own_stack)).stdout)["not_in_lake"] is None


def produce(settings: Settings, records: list[Fetched]) -> None:
    producer = KafkaClients(settings).tool_producer()
    for record in records:
        producer.send(INTERACTIONS, record.value, record.key)
    producer.close()


def file_all(settings: Settings, files: LocalFiles) -> None:
    """Have the lake hold all that the topic has now."""
    kafka = KafkaClients(settings)
    writer = LakeWriter(files, kafka.topic_id(INTERACTIONS))
    consumer = kafka.tool_consumer()
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records_of(consumer, INTERACTIONS):
        found[record.partition].append(record)
    consumer.close()
    for partition, records in found.items():
        first = writer.position(partition) or 0
        new = [record for record in records if record.offset >= first]
        if new:
            writer.write(partition, first, new[-1].offset, new)
