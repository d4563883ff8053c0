"""Names in requests to Kafka and in its answers, with a prefix on the wire and without it inside."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import aiokafka.protocol
import pytest
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.protocol import api
from aiokafka.protocol.group import JoinGroupRequest, JoinGroupResponse_v5
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v5
from aiokafka.protocol.types import Array, Schema, String
from kafka.future import Future
from kafka.protocol.admin import ListGroupsResponse
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.metadata import MetadataResponse

from streams.platform import prefixed_kafka
from streams.platform.clients import KafkaClients, redis_client, tool_redis
from streams.platform.next_broker import NextBrokerClient
from streams.platform.prefixed_kafka import NAMES, Prefix, PrefixedNetClient, prefix_aiokafka
from streams.platform.settings import Settings
from streams.platform.silent_brokers import SilentBrokers

PREFIX = "north."
ADDRESSES: dict[str, Any] = {"kafka_bootstrap": "127.0.0.1:1", "redis_url": "redis://127.0.0.1:1/0"}
KAFKA = KafkaClients(Settings(**ADDRESSES, topic_prefix=PREFIX))
VERSIONS = {1: (0, 11), 3: (0, 5), 11: (0, 5), 14: (0, 3), 28: (0, 3)}
NO_NAMES = frozenset(
    {
        *("batch_index_error_message", "client_host", "client_id", "cluster_id", "config_key", "config_name"),
        *("config_names", "config_value", "consumer_id", "enabled_mechanisms", "entity_name", "entity_type"),
        *("error_message", "group_instance_id", "group_protocol", "groups", "groups_names", "host", "leader_id"),
        *("match", "mechanism", "member_id", "metadata", "name", "principal", "protocol", "protocol_name"),
        *("protocol_type", "rack", "rack_id", "resource_name", "state"),
    }
)
"""Texts that are no names, or are in requests of aiokafka's admin client alone, which Harmonia does not use."""


class Connection:
    """A connection of aiokafka that answers so, and keeps what was sent."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.sent: list[Any] = []

    def send(self, request: Any, expect_response: bool = True) -> Any:
        self.sent.append(request.prepare(VERSIONS))
        return self._answer()

    async def _answer(self) -> Any:
        return next(self._answers)


class Consumer:
    """What of aiokafka's clients is known to the prefix."""

    def __init__(self, connection: Connection) -> None:
        self.client = self
        self._connection = connection

    async def _get_conn(self, _: int) -> Connection:
        return self._connection


async def exchange(request: Any, answer: Any) -> tuple[Any, Any]:
    """What goes over the wire, and what comes in of the answer. The connection is asked for twice, as it often is."""
    consumer = Consumer(Connection(answer))
    prefix_aiokafka(consumer, PREFIX)
    await consumer._get_conn(1)
    connection = await consumer._get_conn(1)
    came = await connection.send(request)
    return connection.sent[0], came


def texts(schema: Schema) -> Iterator[str]:
    for name, kind in zip(schema.names, schema.fields, strict=True):
        held = kind.array_of if isinstance(kind, Array) else kind
        if isinstance(held, Schema):
            yield from texts(held)
        elif isinstance(held, String):
            yield name


def test_a_text_of_the_protocol_that_nobody_has_classed_is_noticed() -> None:
    for module in pkgutil.iter_modules(aiokafka.protocol.__path__):
        importlib.import_module(f"aiokafka.protocol.{module.name}")
    structs = [*api.RequestStruct.__subclasses__(), *api.Response.__subclasses__()]
    found = {name for struct in structs for name in texts(struct.SCHEMA)}
    assert found - NAMES == NO_NAMES & found
    assert found >= NAMES


async def test_metadata_of_other_deployments_stays_outside() -> None:
    names = ("north.interactions", "south.interactions", "interactions")
    topics: list[tuple[object, ...]] = [(0, name, False, []) for name in names]
    answer = MetadataResponse_v5(0, [(1, "host", 9092, None)], "id", 1, topics)

    sent, came = await exchange(MetadataRequest(["interactions"]), answer)

    assert sent.topics == ["north.interactions"]
    assert [name for _, name, *_ in came.topics] == ["interactions"]
    assert came.brokers == [(1, "host", 9092, None)]


class Manager:
    """What sends the requests of kafka-python."""

    def __init__(self, answer: Any) -> None:
        self.sent: list[Any] = []
        self._answer = answer

    def send(self, request: Any, node_id: int | None = None) -> Future:
        self.sent.append(request)
        return Future().success(self._answer)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sends a request twice, as after a broker that has changed; what was sent, and the answer that came."""

    def asked(request: Any, answer: Any = None) -> tuple[list[Any], Any]:
        manager = Manager(answer)
        monkeypatch.setattr(NextBrokerClient, "__init__", lambda self, _: setattr(self, "_manager", manager))
        client = PrefixedNetClient(PREFIX, SilentBrokers())
        client._manager.send(request, node_id=1)
        return manager.sent, client._manager.send(request, node_id=1).value if answer is not None else None

    return asked


def test_a_request_that_is_sent_again_has_the_prefix_once(ask: Any) -> None:
    request = OffsetFetchRequest(
        group_id="harmonia",
        topics=[OffsetFetchRequest.OffsetFetchRequestTopic(name="interactions", partition_indexes=[0])],
    )
    sent, _ = ask(request, ListGroupsResponse(groups=[]))
    assert [(one.group_id, one.topics[0].name) for one in sent] == [("north.harmonia", "north.interactions")] * 2
    assert (request.group_id, request.topics[0].name) == ("harmonia", "interactions")


async def test_a_member_tells_the_broker_of_topics_by_their_full_names() -> None:
    """By what members say of their topics a broker keeps the offsets of an idle partition."""
    said = ConsumerProtocol.METADATA(0, ["interactions"], b"the assignor's own").encode()
    on_wire = ConsumerProtocol.METADATA(0, ["north.interactions"], b"the assignor's own").encode()
    request = JoinGroupRequest("harmonia", 10_000, 20_000, "", None, "consumer", [("faust", said)])
    answer = JoinGroupResponse_v5(0, 0, 1, "faust", "me", "me", [("me", None, on_wire)])

    sent, came = await exchange(request, answer)

    assert (sent.group, sent.group_protocols) == ("north.harmonia", [("faust", on_wire)])
    assert came.members == [("me", None, said)]


def test_parts_that_are_tuples_are_translated_too(ask: Any) -> None:
    [sent, *_], _ = ask(ListOffsetsRequest(topics=[("interactions", [1, 2])]))
    assert sent.topics == [("north.interactions", [1, 2])]


def test_groups_and_topics_of_others_are_not_listed(ask: Any) -> None:
    group = ListGroupsResponse.ListedGroup
    names = ("north.harmonia", "south.harmonia", "harmonia")
    _, came = ask(ListGroupsResponse(groups=[]), ListGroupsResponse(groups=[group(group_id=name) for name in names]))
    assert [each.group_id for each in came.groups] == ["harmonia"]

    topic = MetadataResponse.MetadataResponseTopic
    _, seen = ask(ListGroupsResponse(), MetadataResponse(topics=[topic(name=name) for name in ("north.a", "b", None)]))
    assert [each.name for each in seen.topics] == ["a", None]


def test_an_answer_that_cannot_be_translated_fails_whoever_waits(monkeypatch: pytest.MonkeyPatch, ask: Any) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken")

    answer = ListGroupsResponse(groups=[])
    monkeypatch.setattr(prefixed_kafka.Prefix, "take_off", broken)
    monkeypatch.setattr(prefixed_kafka, "_renamed_part", lambda part, *_: broken() if part is answer else part)
    manager = Manager(answer)
    failed = prefixed_kafka._send_message(manager.send, Prefix(PREFIX), OffsetFetchRequest(group_id="g"))
    assert isinstance(failed.exception, ValueError)


async def test_without_a_prefix_the_clients_are_the_libraries_own() -> None:
    plain = Settings(**ADDRESSES)
    kafka = KafkaClients(plain)
    reader, producer = kafka.reader(), kafka.idempotent_producer()
    assert not any("prefix" in made._get_conn.__module__ for made in (reader._client, producer.client))
    assert kafka._tools["kafka_client"].func is NextBrokerClient
    assert not {"execute_command", "pipeline", "register_script"} & redis_client(plain).__dict__.keys()
    assert not {"execute_command", "pipeline", "register_script"} & tool_redis(plain).__dict__.keys()
    for made in (reader, producer):
        await made.stop()


async def test_with_a_prefix_every_client_is_behind_it() -> None:
    made = [KAFKA.reader(), KAFKA.group_consumer(group_id="g")]
    writers = [KAFKA.idempotent_producer(), KAFKA.transactional_producer("an id")]
    clients = [*(one._client for one in made), *(one.client for one in writers)]
    assert all("prefix" in client._get_conn.__module__ for client in clients)
    assert KAFKA._tools["kafka_client"].func is PrefixedNetClient
    for one in (*made, *writers):
        await one.stop()
