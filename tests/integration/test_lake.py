"""The lake on a real Kafka: whatever happens to its process, it equals the topic, row for row."""

import random
import signal
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from kafka import TopicPartition
from typer.testing import CliRunner

from events.topics import CONTACT_LINKS, CONTACT_STATE, INTERACTIONS
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import LocalFiles
from sinks.lake.manifests import MANIFESTS, STAGING, OffsetRange, begin, read
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.command import harmonia_process, on, refused
from tests.integration.lake_process import running_lake
from tests.integration.system import ask
from tests.integration.waiting import until
from tests.unit.events.records import NOW
from tests.unit.history.lake.lake_rows import rows_in_folders
from tests.unit.history.lake.topic_records import DAY, topic_record

PARTITIONS = 3
KILLED = 2
RECORDS = 1_000
"""That are produced before each is started, and after the last one."""
TYPES = ["email.sent", "donation.made"]


def test_the_lake_equals_the_topic_whoever_is_killed_or_frozen(
    own_stack: Stack, settings: Settings, tmp_path: Path
) -> None:
    chance = random.Random(8)
    files = LocalFiles(tmp_path / "lake")
    environment = on(
        own_stack,
        HARMONIA_LAKE=str(tmp_path / "lake"),
        HARMONIA_LAKE_FLUSH_ROWS="100",
        HARMONIA_LAKE_FLUSH_S="0.3",
        HARMONIA_INSTANCE="one",  # so that nobody waits for the dead
    )

    lose(settings, files)
    said = refused(harmonia_process(tmp_path, "lake", "run", environment=environment))
    assert "interactions partition 0: the lake ends before 5, and the topic begins at 9" in said
    assert "harmonia lake run --skip-lost" in said

    for number in range(KILLED):
        produce(settings, chance, number * RECORDS)
        enough = len(files.below(MANIFESTS)) + chance.randrange(2, 6)
        with running_lake(tmp_path, f"killed-{number}", environment, "--skip-lost") as killed:
            until_ranges(files, enough)
            killed.kill()

    with ExitStack() as running:
        produce(settings, chance, KILLED * RECORDS)
        enough = len(files.below(MANIFESTS)) + 1
        frozen = running.enter_context(running_lake(tmp_path, "frozen", environment))
        until_ranges(files, enough)
        frozen.process.send_signal(signal.SIGSTOP)
        successor = running.enter_context(running_lake(tmp_path, "successor", environment))
        until_rows(files, (KILLED + 1) * RECORDS)
        frozen.process.send_signal(signal.SIGCONT)
        produce(settings, chance, (KILLED + 1) * RECORDS)
        until_rows(files, (KILLED + 2) * RECORDS)
        ready = successor.metrics.replace("/metrics", "/readyz")
        until(lambda: ask(ready) == (200, "ready\n") or None, "the successor is ready")
        successor.end()
        frozen.process.send_signal(signal.SIGTERM)  # unless it has ended: one that is killed may leave what it staged
        frozen.process.wait(30)

    assert "offsets 5 to 8 are gone" in (tmp_path / "killed-0.log").read_text()
    assert rows_in_folders(files) == in_the_topic(settings)
    assert not [name for name in files.below(STAGING) if name.endswith(".parquet")]


def test_a_snapshot_has_the_newest_of_each_contact_and_whom_it_was_merged_into(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFiles(tmp_path)
    begin(files)
    producer = KafkaClients(settings).tool_producer()
    for topic, key, version, value in [
        (CONTACT_STATE, "ada", 2, {"last_seen": "2012-02-22T10:00:00.000Z"}),
        (CONTACT_STATE, "ada", 1, {"last_seen": None}),
        (CONTACT_STATE, "bob", 1, {}),
        (CONTACT_STATE, "bob", 2, None),
        (CONTACT_LINKS, "bob", 3, {"merged_into": "ada"}),
        (CONTACT_LINKS, "cleo", 1, {"merged_into": "ada"}),
        (CONTACT_LINKS, "cleo", 2, None),
    ]:
        said = None if value is None else orjson.dumps(value)
        producer.send(topic, said, key.encode(), headers=[("version", b"%d" % version)])
    producer.close()
    monkeypatch.setenv("KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
    monkeypatch.setenv("HARMONIA_TOPIC_PREFIX", settings.topic_prefix)
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path))

    taken, again, erased = (
        CliRunner().invoke(app, ["lake", name]).output for name in ("snapshot", "snapshot", "erase")
    )

    assert taken.endswith(": 1 contacts, 1 merged into others\n")
    assert again == "there is a snapshot of today already\n"
    assert erased == "0 rows in 0 files lost their person\n"
    with ask_lake(files) as lake:
        assert lake.sql("SELECT contact_id, version, last_seen::VARCHAR FROM lake_profiles").fetchall() == [
            ("ada", 2, "2012-02-22 10:00:00+00")
        ]
        assert lake.sql("FROM lake_links").fetchall() == [("bob", "ada")]


def lose(settings: Settings, files: LocalFiles) -> None:
    """Have the topic delete records that come after what is in the lake."""
    producer = KafkaClients(settings).tool_producer()
    for offset in range(9):
        record = topic_record(offset)
        producer.send(INTERACTIONS, record.value, record.key, partition=0)
    producer.close()
    LakeWriter(files, KafkaClients(settings).topic_id(INTERACTIONS)).write(0, 0, 4, [])
    admin = KafkaClients(settings).admin()
    admin.delete_records({TopicPartition(INTERACTIONS, 0): 9})
    admin.close()


def until_ranges(files: LocalFiles, enough: int) -> None:
    until(lambda: len(files.below(MANIFESTS)) >= enough or None, f"{enough} ranges")


def until_rows(files: LocalFiles, enough: int) -> None:
    def rows() -> int:
        return sum(read(files, name, OffsetRange).rows for name in files.below(MANIFESTS))

    until(lambda: rows() >= enough or None, f"{enough} rows")


def produce(settings: Settings, chance: random.Random, first: int) -> None:
    producer = KafkaClients(settings).tool_producer()
    for number in range(first, first + RECORDS):
        record = topic_record(number, chance.choice(TYPES), at=NOW - chance.randrange(2) * DAY)
        producer.send(INTERACTIONS, record.value, record.key, partition=chance.randrange(PARTITIONS))
    producer.close()


def in_the_topic(settings: Settings) -> list[tuple[int, int, bytes | None]]:
    consumer = KafkaClients(settings).tool_consumer()
    try:
        found = [(record.partition, record.offset, record.value) for record in records_of(consumer, INTERACTIONS)]
    finally:
        consumer.close()
    return sorted(found, key=lambda row: row[:2])
