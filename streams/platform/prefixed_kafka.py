"""Puts a deployment's prefix before the names in requests to Kafka, and takes it off those in answers.

Names are those of topics, consumer groups and transactional ids. Everything inside a process has them without the
prefix. Entries of an answer without the prefix belong to other deployments, and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import cache, partial
from io import BytesIO
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.types import Array, Bytes, Schema, String
from kafka.admin import ConfigResourceType
from kafka.future import Future

from streams.platform.next_broker import NextBrokerClient
from streams.platform.silent_brokers import SilentBrokers

Rename = Callable[[str], str | None]
"""Another name in the place of one; None: it is another deployment's."""


class Prefix:
    """What stands before the names of one deployment."""

    def __init__(self, text: str) -> None:
        self._text = text

    def put_on(self, name: str) -> str:
        """The name as a broker knows it; an empty one is none."""
        return self._text + name if name else name

    def take_off(self, name: str) -> str | None:
        """The name as it is called inside; None for another deployment's."""
        if not name:
            return name
        return name.removeprefix(self._text) if name.startswith(self._text) else None


def prefix_aiokafka(made: Any, text: str) -> None:
    """Have a consumer or a producer of aiokafka that has not started yet work with names behind this prefix."""
    client = made._client if isinstance(made, AIOKafkaConsumer) else made.client
    connect, prefix = client._get_conn, Prefix(text)

    async def connected(*args: Any, **options: Any) -> Any:
        conn = await connect(*args, **options)
        if conn is not None and getattr(conn.send, "func", None) is not _send:
            conn.send = partial(_send, conn.send, prefix)
        return conn

    client._get_conn = connected


def _send(send: Callable[..., Any], prefix: Prefix, request: Any, expect_response: bool = True) -> Any:
    """Sends now, as a connection does, and returns what is to be awaited."""
    answered = send(_PrefixedRequest(request, prefix), expect_response)
    return _without_prefix(answered, prefix) if expect_response else answered


async def _without_prefix(answered: Any, prefix: Prefix) -> Any:
    answer = await answered
    _rename_struct(answer, prefix.take_off)
    return answer


class _PrefixedRequest:
    """A request whose form for a broker's version has the names that the broker knows."""

    def __init__(self, request: Any, prefix: Prefix) -> None:
        self._request = request
        self._prefix = prefix

    def prepare(self, versions: Any) -> Any:
        struct = self._request.prepare(versions)
        _rename_struct(struct, self._prefix.put_on)
        return struct


NAMES = frozenset({"consumer_group", "coordinator_key", "group", "group_id", "topic", "topics", "transactional_id"})
"""What aiokafka calls a text that is a name, or a list of such texts."""
_SAID_IN_GROUPS = {
    JoinGroupRequest.API_KEY: ConsumerProtocol.METADATA.SCHEMA,
    SyncGroupRequest.API_KEY: ConsumerProtocol.ASSIGNMENT.SCHEMA,
}
"""What members of a group send each other through the broker, as bytes; by kind of request."""
_SUBSCRIPTION = "subscription"
_Place = tuple[int, str, Any]
"""Where in a struct a name is, or something that holds one: its number, what it is called, and of what type it is."""


def _rename_struct(struct: RequestStruct | Response, rename: Rename) -> None:
    said, values = _SAID_IN_GROUPS.get(struct.API_KEY), struct.__dict__
    for _, name, kind in _places(struct.SCHEMA, said):
        values[name] = _renamed(values[name], kind, said, rename)


@cache
def _places(schema: Schema, said: Schema | None) -> tuple[_Place, ...]:
    named = zip(range(len(schema)), schema.names, schema.fields, strict=True)
    return tuple(place for place in named if _holds_names(place[1], place[2], said))


def _holds_names(name: str, kind: Any, said: Schema | None) -> bool:
    if isinstance(kind, Array):
        return _holds_names(name, kind.array_of, said)
    if isinstance(kind, Schema):
        return bool(_places(kind, said))
    if kind is Bytes:
        return said is not None
    return isinstance(kind, String) and (name in NAMES or name == _SUBSCRIPTION)


def _renamed(value: Any, kind: Any, said: Schema | None, rename: Rename) -> Any:
    """A value with its names renamed; None where it is another deployment's."""
    if value is None:
        return None
    if isinstance(kind, Array):
        return _own(_renamed(each, kind.array_of, said, rename) for each in value)
    if isinstance(kind, Schema):
        return _renamed_entry(value, kind, said, rename)
    if kind is Bytes:
        return _renamed_bytes(value, said, rename)
    return rename(value)


def _renamed_entry(entry: Iterable[Any], schema: Schema, said: Schema | None, rename: Rename) -> tuple[Any, ...] | None:
    values = list(entry)
    for number, _, kind in _places(schema, said):
        value = values[number]
        values[number] = _renamed(value, kind, said, rename)
        if value is not None and values[number] is None:
            return None
    return tuple(values)


def _renamed_bytes(value: bytes, said: Schema | None, rename: Rename) -> bytes:
    if said is None or not value:
        return value
    data = BytesIO(value)
    told = _renamed_entry(said.decode(data), said, None, rename)
    return value if told is None else said.encode(told) + data.read()


def _own(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


class PrefixedNetClient(NextBrokerClient):
    """The connections of a kafka-python client that works with names behind a prefix.

    To be given as `kafka_client`, so that the names of the first answer are right too.
    """

    def __init__(self, text: str, silent: SilentBrokers, **configs: Any) -> None:
        super().__init__(silent, **configs)
        self._manager.send = partial(_send_message, self._manager.send, Prefix(text))


def _send_message(send: Callable[..., Future], prefix: Prefix, request: Any, *args: Any, **how: Any) -> Future:
    answered, sent = Future(), send(_renamed_message(request, prefix.put_on), *args, **how)

    def answer(response: Any) -> None:
        try:
            answered.success(None if response is None else _renamed_message(response, prefix.take_off))
        except Exception as error:  # noqa: BLE001 - or whoever waits would wait for ever
            if not answered.is_done:
                answered.failure(error)

    sent.add_callback(answer)
    sent.add_errback(answered.failure)
    return answered


_ENTITIES = frozenset({"topicName", "groupId", "transactionalId"})
_COORDINATED = frozenset({"key", "coordinator_keys"})
"""What is asked for a coordinator, of which no schema says whose it is: a group or a transactional id."""
_RESOURCE = "resource_name"
_ASSIGNMENT = "member_assignment"
"""What a member of a group has been given, as the bytes that its leader has sent it."""


def _renamed_message(message: Any, rename: Rename) -> Any:
    """A copy with the names renamed, since a request may be sent again; None where it is another deployment's.

    A part of a message may be a tuple of its fields.
    """
    return _renamed_part(message, message._struct, rename)


def _renamed_part(part: Any, struct: Any, rename: Rename) -> Any:
    is_tuple = isinstance(part, tuple)
    renamed: Any = list(part) if is_tuple else copy(part)
    for number, field in enumerate(struct._fields):
        if not _is_or_holds_names(field):
            continue
        value = part[number] if is_tuple else getattr(part, field.name)
        if not value or (field.name == _RESOURCE and _kind_of_resource(part) != ConfigResourceType.TOPIC):
            continue
        new = _renamed_field(value, field, rename)
        if new is None:
            return None
        if is_tuple:
            renamed[number] = new
        else:
            setattr(renamed, field.name, new)
    return tuple(renamed) if is_tuple else renamed


def _kind_of_resource(part: Any) -> Any:
    return part[0] if isinstance(part, tuple) else part.resource_type


def _renamed_field(value: Any, field: Any, rename: Rename) -> Any:
    if field.name == _ASSIGNMENT:
        return _renamed_bytes(value, ConsumerProtocol.ASSIGNMENT.SCHEMA, rename)
    change = rename if field.fields is None else partial(_renamed_part, struct=field, rename=rename)
    return _own(map(change, value)) if field.is_array() else change(value)


def _is_or_holds_names(field: Any) -> bool:
    if field.fields is not None:
        return any(map(_is_or_holds_names, field._fields))
    return field._entity_type in _ENTITIES or field.name in _COORDINATED or field.name in (_RESOURCE, _ASSIGNMENT)
