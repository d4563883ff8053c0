"""`harmonia deliver` on a real Kafka, with receivers that misbehave: what they acknowledge is what the topics hold."""

import random
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from faust.types import TP
from kafka import TopicPartition

from events.deliveries import DeadDelivery
from events.times import render_time
from events.topics import (
    CONTACT_STATE,
    DEAD_DELIVERIES,
    DELIVERIES,
    DELIVERY_LOG,
    EXPERIMENT_RESULTS,
    SEGMENT_CHANGES,
)
from sinks.keys import partition_of
from streams.domain.delivery.notices import SourceRecord
from streams.domain.delivery.standing import Wait, line_of
from streams.engine.changelog import PartitionReader
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topics import create_topics
from streams.services.deliver.rereading import records_from
from tests.integration.command import ended_well, harmonia
from tests.integration.delivering import (
    PARTITIONS,
    SECRET,
    Sayer,
    about,
    delivering,
    expected,
    in_order,
    stored,
    waiting_lines,
    webhook,
)
from tests.integration.hostile_receiver import PORT, Manner, Receiver, listening
from tests.integration.serving_process import ServingProcess, started
from tests.integration.system import ask, sample
from tests.integration.waiting import PATIENCE_S, until

PEOPLE = [f"c-{number}" for number in range(8)]
STUBBORN = "c-stubborn"
"""Whom the hostile receiver refuses for ever."""
HOSTILE, STEADY, DOWN = "127.85.0.1", "127.85.0.2", "127.85.0.3"
FENCED = 70


def ready(process: ServingProcess) -> None:
    until(lambda: "metrics on" in process.log.read_text(), "it says where its metrics are")
    where = process.metrics.replace("/metrics", "/readyz")
    until(lambda: ask(where) == (200, "ready\n"), "it is ready")


def told(receiver: Receiver, *wanted: tuple[str, str]) -> None:
    """Wait until it has taken what is of a type and about somebody."""

    def has_taken() -> bool:
        taken = {(each.message["type"], about(each.message)) for each in receiver.taken}
        return {*wanted} <= taken

    until(has_taken, f"{wanted} of {[each.message for each in receiver.taken]}")


def test_each_record_is_acknowledged_in_order_whoever_is_hostile_down_or_killed(
    own_stack: Stack, settings: Settings, tmp_path: Path
) -> None:
    chance, sayer = random.Random(25), Sayer(settings)
    manners: dict[str, Manner] = {}

    def hostile(id_: str, message: dict[str, Any], before: int) -> Manner:
        if about(message) == STUBBORN and message["type"] != "contact.forgotten":
            return "refuse"
        first: list[Manner] = ["error", "busy", "drop", "lose", "hang", *["well"] * 25]  # type: ignore[list-item]
        return manners.setdefault(id_, chance.choice(first)) if before == 0 else "well"

    receivers = {HOSTILE: Receiver(SECRET, hostile), STEADY: Receiver(SECRET, lambda *_: "well")}
    trusted = tmp_path / "ca.pem"
    tables = [webhook(name, at, "earliest") for name, at in (("hostile", HOSTILE), ("steady", STEADY), ("down", DOWN))]
    environment = delivering(own_stack, tmp_path, trusted, *tables)

    def all_taken(address: str, name: str, but: tuple[str, ...] = ()) -> None:
        wanted = {id_ for id_, (who, _, _) in expected(settings, name).items() if who not in but}
        until(
            lambda: wanted <= {each.id for each in receivers[address].taken} or None,
            f"all that {name} takes",
            PATIENCE_S,
        )

    sayer.change(STUBBORN, *PEOPLE * 4, STUBBORN)
    with ExitStack() as running:
        running.enter_context(listening(receivers, trusted))

        def start(log: str) -> ServingProcess:
            return running.enter_context(started(["deliver"], tmp_path / log, environment, "deliver"))

        for number in range(2):
            before = len(receivers[HOSTILE].taken)
            killed = start(f"killed{number}.log")
            until(lambda seen=before: len(receivers[HOSTILE].taken) > seen + 5 or None, "some are taken")  # type: ignore[misc]
            killed.kill()
            sayer.change(*PEOPLE)
        first = start("first.log")
        ready(first)
        second = start("second.log")
        ready(second)
        sayer.change(*PEOPLE)
        assert first.process.wait(60) == FENCED, first.log.read_text()
        all_taken(STEADY, "steady")
        all_taken(HOSTILE, "hostile", (STUBBORN,))
        until(
            lambda: waiting_lines(settings, "hostile") == {line_of(STUBBORN.encode())} or None,
            "only one waits",
            PATIENCE_S,
        )
        until(
            lambda: sample(second.metrics, "harmonia_delivery_waiting", endpoint="steady") == 0,
            "nothing waits for the steady one",
            PATIENCE_S,
        )
        assert sample(second.metrics, "harmonia_delivery_waiting", endpoint="down") > 0

        sayer.erase(STUBBORN)
        until(lambda: not waiting_lines(settings, "hostile") or None, "nothing of who was erased waits")
        second.end()
    for address, name in ((HOSTILE, "hostile"), (STEADY, "steady")):
        receiver = receivers[address]
        assert receiver.trouble == []
        assert in_order(receiver, expected(settings, name))
        assert "contact.forgotten" in {each.message["type"] for each in receiver.taken}
    fates = [orjson.loads(value) for _, value in stored(settings, DELIVERY_LOG)]
    of_steady = [each for each in fates if each["endpoint"] == "steady"]
    assert {each["fate"] for each in {each["id"]: each for each in of_steady}.values()} == {"delivered"}
    assert {each["fate"] for each in of_steady} <= {"delivered", "waiting"}
    assert {each["endpoint"] for each in fates if each["fate"] == "waiting"} >= {"hostile", "down"}
    assert not any(STUBBORN.encode() in (value or b"") for _, value in stored(settings, DELIVERY_LOG))
    named = {key for key, value in stored(settings, DELIVERIES) if STUBBORN.encode() in (value or b"")}
    assert all(CONTACT_STATE in key for key in named), "until it is told, only whom to forget is named"
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text(), log.read_text()


def test_what_is_disabled_or_dead_is_told_once_somebody_asks_and_slack_has_lines(
    own_stack: Stack, settings: Settings, tmp_path: Path
) -> None:
    sayer, wants = Sayer(settings), ["closed"]
    receivers = {
        HOSTILE: Receiver(SECRET, lambda *_: "close" if wants else "well"),
        STEADY: Receiver(SECRET, lambda *_: "well"),
        DOWN: Receiver("", lambda *_: "well"),
    }
    trusted = tmp_path / "ca.pem"
    slack = (
        f'[[endpoint]]\nid = "room"\nkind = "slack"\nurl = "https://{DOWN}:{PORT}/hook"\ntopics = ["system-alerts"]\n'
    )
    environment = delivering(own_stack, tmp_path, trusted, webhook("closes", HOSTILE), webhook("app", STEADY), slack)

    def deliveries(*words: str) -> str:
        return ended_well(harmonia(tmp_path, "deliveries", *words, environment=environment)).stdout.decode()

    def listed() -> dict[str, dict[str, Any]]:
        return {each["endpoint"]: each for each in map(orjson.loads, deliveries("list", "--json").splitlines())}

    with ExitStack() as running:
        running.enter_context(listening(receivers, trusted))
        process = running.enter_context(started(["deliver"], tmp_path / "log", environment, "deliver"))
        ready(process)
        begun = time.time_ns() // 1_000_000
        sayer.change("c-late")
        sayer.alert(*(f"campaign {number}" for number in range(20)))
        told(receivers[STEADY], ("segment.changed", "c-late"), ("contact.alert", "c-late"))
        until(lambda: listed()["closes"]["disabled"], "it is disabled")
        wants.clear()
        nothing = deliveries("replay", "closes", "--since", render_time(begun), "--failed")
        assert nothing.startswith("nothing of closes is dead, so nothing was changed; it is disabled")
        assert listed()["closes"]["disabled"] is not None
        deliveries("replay", "closes", "--since", render_time(begun))
        told(receivers[HOSTILE], ("segment.changed", "c-late"), ("contact.alert", "c-late"))
        assert listed()["closes"]["disabled"] is None

        [digest] = until(lambda: receivers[DOWN].taken, "lines in Slack")
        lines = [block["text"]["text"] for block in digest.message["blocks"]]
        assert sorted(lines) == sorted(f"complaints: campaign {number}" for number in range(20))

        places = expected(settings, "app").items()
        [told_first] = [id_ for id_, (who, topic, _) in places if (who, topic) == ("c-late", SEGMENT_CHANGES)]
        dead = a_dead_delivery(settings, told_first)
        producer = KafkaClients(settings).tool_producer()
        producer.send(DEAD_DELIVERIES, orjson.dumps(dead), b"app").get(30)
        deliveries("replay", "app", "--since", "1h", "--failed")
        until(
            lambda: [each.id for each in receivers[STEADY].taken].count(told_first) == 2,
            "it is told once more",
            PATIENCE_S,
        )
        assert listed()["app"]["dead"] == 1

        def fates() -> list[str]:
            shown = map(orjson.loads, deliveries("show", "app", "--json").splitlines())
            return [each["fate"] for each in shown if each["id"] == told_first]

        until(lambda: fates() == ["delivered"] * 2, "both are in the log")
        assert "c-late" not in deliveries("show", "app") + process.log.read_text()
        process.end()


def a_dead_delivery(settings: Settings, id_: str) -> DeadDelivery:
    """That a change of somebody was given up, though it was not."""
    name, topic, offset = expected(settings, "app")[id_]
    [(topic_id, _)] = KafkaClients(settings).describe_topics([topic]).values()
    return {
        "endpoint": "app",
        "id": id_,
        "topic": topic,
        "topic_id": topic_id,
        "partition": partition_of(name, PARTITIONS),
        "offset": offset,
        "at": render_time(0),
        "status": 404,
        "line": line_of(name.encode()),
        "appended_at": time.time_ns() // 1_000_000,
        "tells_erasure": False,
    }


def test_who_was_erased_while_nothing_ran_is_forgotten_and_a_topic_made_anew_is_read_anew(
    own_stack: Stack, settings: Settings, tmp_path: Path
) -> None:
    sayer, receiver, trusted = Sayer(settings), Receiver(SECRET, lambda *_: "well"), tmp_path / "ca.pem"
    environment = delivering(own_stack, tmp_path, trusted, webhook("crm", STEADY))
    with ExitStack() as running:
        running.enter_context(listening({STEADY: receiver}, trusted))

        def start(log: str) -> ServingProcess:
            process = running.enter_context(started(["deliver"], tmp_path / log, environment, "deliver"))
            ready(process)
            return process

        first = start("first.log")
        sayer.change("c-before")
        told(receiver, ("segment.changed", "c-before"), ("contact.alert", "c-before"))
        first.kill()
        sayer.change("c-lost")
        admin = KafkaClients(settings).admin()
        place = TP(SEGMENT_CHANGES, partition_of("c-lost", PARTITIONS))
        admin.delete_records({TopicPartition(*place): -1})
        sayer.change("c-erased", "c-stays")
        sayer.erase("c-erased")
        sayer.change("c-returns")
        sayer.erase("c-returns")
        sayer.change("c-returns")
        second = start("second.log")
        told(
            receiver,
            *(("contact.forgotten", name) for name in ("c-erased", "c-returns")),
            *((kind, name) for kind in ("segment.changed", "contact.alert") for name in ("c-stays", "c-returns")),
        )
        said = [(each.message["type"], about(each.message)) for each in receiver.taken]
        assert {("segment.changed", "c-erased"), ("segment.changed", "c-lost")}.isdisjoint(said)
        log = [orjson.loads(value) for key, value in stored(settings, DELIVERY_LOG) if key == "crm"]
        [expired] = [each for each in log if each.get("trouble") == "Expired"]
        assert (expired["topic"], expired["partition"], expired["fate"]) == (*place, "gone")
        assert expired["offsets"] == 1
        assert said.count(("segment.changed", "c-returns")) == said.count(("contact.alert", "c-returns")) == 1

        third = start("third.log")
        assert second.process.wait(60) == FENCED, "it ends though it has nothing to write that would be refused"

        admin.delete_topics([SEGMENT_CHANGES])
        until(lambda: SEGMENT_CHANGES not in admin.list_topics(), "the topic is gone")
        create_topics(admin, settings)
        admin.close()
        Sayer(settings).change("c-anew")
        told(receiver, ("segment.changed", "c-anew"), ("contact.alert", "c-anew"))
        third.end()
    assert receiver.trouble == []


async def test_what_was_compacted_away_is_told_by_the_next_record_of_its_key(settings: Settings) -> None:
    """What an aborted transaction has written is at no reader's, just as what was compacted away."""
    kafka = KafkaClients(settings)
    producer = kafka.transactional_producer("compacts")
    await producer.start()
    gone: dict[TP, int] = {}
    for topic in (CONTACT_STATE, EXPERIMENT_RESULTS, SEGMENT_CHANGES):
        await producer.begin_transaction()
        written = await (await producer.send(topic, b"{}", b"key", 0))
        await producer.abort_transaction()
        gone[TP(topic, 0)] = written.offset
        for key, value in ((b"other", b"1"), (b"key", b"2")):
            async with producer.transaction():
                await (await producer.send(topic, value, key, 0))
    await producer.stop()
    wait = Wait(1, 0, line_of(b"key"), 123)

    def line_in(source: SourceRecord) -> str:
        return line_of(source.key or b"")

    async with PartitionReader(kafka) as reader:
        found = {tp.topic: await records_from(reader, tp, offset, wait, line_in) for tp, offset in gone.items()}
    [(offset, forgotten)] = found[CONTACT_STATE]
    assert offset == gone[TP(CONTACT_STATE, 0)]
    assert forgotten == SourceRecord(CONTACT_STATE, b"key", None, 123, "erased")
    [(offset, result)] = found[EXPERIMENT_RESULTS]
    assert (offset, result.key, result.value) == (gone[TP(EXPERIMENT_RESULTS, 0)], b"key", b"2")
    assert gone[TP(SEGMENT_CHANGES, 0)] not in dict(found[SEGMENT_CHANGES])
