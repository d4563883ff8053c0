"""From a file of definitions to assignments that intake takes, on a real Kafka.

Commands run in this process: there are many of them, and what they say is not in question here.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer
from typer.testing import CliRunner, Result

from events.envelope import Interaction, Record, decode
from events.interactions.anywhere import ExperimentAssigned
from events.topics import EXPERIMENT_DEFINITIONS, OUTREACH_EVENTS
from streams.cli.main import app
from streams.demo.deployment import open_deployment
from streams.domain.experiments.definition_records import definition_record
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from tests.integration.command import on
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.unit.domain.experiments.writing import defined


@pytest.fixture
def consumer(stack: Stack) -> Iterator[KafkaConsumer]:
    with open_deployment(settings_of(stack)), closing(KafkaClients(settings_of(stack)).tool_consumer()) as consumer:
        yield consumer


class Strategist:
    """Somebody with a file of experiments, of which `name` is the first."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.name = fresh()
        self.file = folder / "plan.toml"
        self._environment = on(stack)

    def run(self, *words: str, given: bytes | None = None) -> Result:
        return CliRunner().invoke(app, words, env=self._environment, input=given)

    def ended_well(self, *words: str, given: bytes | None = None) -> str:
        ended = self.run(*words, given=given)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def refused(self, *words: str, given: bytes | None = None) -> str:
        ended = self.run(*words, given=given)
        assert (ended.exit_code in (1, 2), ended.stdout) == (True, "")
        return ended.stderr

    def write(self, **fields: str) -> None:
        self.file.write_text(table(self.name, **fields) + table(f"{self.name}-2", from_="0.5", to="1.0"))

    def outcomes(self, *words: str, **fields: str) -> list[tuple[str, list[str], bool]]:
        self.write(**fields)
        said = json.loads(self.ended_well("experiments", "define", str(self.file), "--json", *words))
        return [(one["outcome"], one["fields"], one["recounts"]) for one in said]


def table(name: str, *, from_: str = "0.0", to: str = "0.5", window: str = "7d") -> str:
    group = name.removesuffix("-2")
    return (
        f'[[experiment]]\nid = "{name}"\nvariants = {{ short = 1, long = 1 }}\nholdout = 0.2\nunit = "household"\n'
        f'window = "{window}"\nexclusion = {{ group = "{group}", from = {from_}, to = {to} }}\n'
    )


@pytest.fixture
def one(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Strategist:
    monkeypatch.chdir(tmp_path)  # where no .env can be
    return Strategist(stack, tmp_path)


def test_what_is_defined_is_in_every_partition_until_it_is_withdrawn(
    stack: Stack, one: Strategist, consumer: KafkaConsumer
) -> None:
    assert one.outcomes("--dry-run") == one.outcomes() == [("new", [], True)] * 2
    assert one.outcomes(window="36h") == [("changed", ["window"], True), ("unchanged", [], False)]
    one.write(to="0.6")
    assert "both own 0.5 to 0.6" in one.refused("experiments", "define", str(one.file))

    exclusion = {"group": one.name, "from": 0, "to": 0.5}
    meant = defined(one.name, holdout=0.2, unit="household", window="36h", exclusion=exclusion)
    partitions = consumer.partitions_for_topic(EXPERIMENT_DEFINITIONS)
    copies = [record for record in records_of(consumer, EXPERIMENT_DEFINITIONS) if record.key == one.name.encode()]
    value = definition_record(meant)[1]
    assert {record.partition: record.value for record in copies} == dict.fromkeys(partitions, value)
    assert len(copies) == 2 * len(partitions)

    with closing(KafkaClients(settings_of(stack)).tool_producer()) as producer:  # as somebody at the same time
        producer.send(EXPERIMENT_DEFINITIONS, b"other", one.name.encode(), partition=1).get()
    assert one.outcomes(window="36h") == [("unchanged", [], False)] * 2
    mended = [record for record in records_of(consumer, EXPERIMENT_DEFINITIONS) if record.key == one.name.encode()]
    assert {record.partition: record.value for record in mended} == dict.fromkeys(partitions, value)
    assert len(mended) == len(copies) + 2

    listed = json.loads(one.ended_well("experiments", "definitions", "--json"))
    windows = {each["id"]: each["window"] for each in listed if each["id"].startswith(one.name)}
    assert windows == {one.name: "36h", f"{one.name}-2": "7d"}
    assert "its people are counted anew" in one.ended_well("experiments", "withdraw", one.name)
    assert "no such definition" in one.refused("experiments", "withdraw", one.name)
    assert one.name not in one.ended_well("experiments", "definitions").split()
    assert "no such definition" in one.refused("assign", one.name, given=b"c-1\n")
    one.name = "gotv-ask"
    one.outcomes()
    for command in (("experiments", "withdraw"), ("assign",)):
        told = one.refused(*command, "gotv-aks", given=b"c-1\n")
        assert told == "gotv-aks: no such definition: see `harmonia experiments definitions`; did you mean gotv-ask?\n"


def test_who_is_assigned_is_told_once_however_often_it_is_done(one: Strategist, consumer: KafkaConsumer) -> None:
    one.outcomes()
    people = "contact_id,household\n" + "".join(f"{one.name}-{n},h-{n // 2}\n" for n in range(200))
    first, second = (one.ended_well("assign", one.name, "--emit", given=people.encode()) for _ in range(2))
    assert first == second
    rows = [line.split(",") for line in first.splitlines()[1:]]
    sent = records_of(consumer, OUTREACH_EVENTS)
    told = [assigned(record) for record in sent if one.name.encode() in (record.value or b"")]
    meant = {(row[0], row[1], row[2]) for row in rows if row[2]}
    assert {variant for _, _, variant in meant} == {"short", "long", "holdout"}
    assert Counter(map(said, told)) == dict.fromkeys(meant, 2)
    assert len({event.id for event in told}) == len(meant)


def assigned(record: object) -> Interaction:
    found = decode(Record(record.topic, record.value, (), record.timestamp))  # type: ignore[attr-defined]
    assert isinstance(found, Interaction), found
    return found


def said(event: Interaction) -> tuple[str | None, str | None, str]:
    assert isinstance(event.data, ExperimentAssigned)
    return event.data.contact.contact_id, event.data.cluster, event.data.experiment.variant
