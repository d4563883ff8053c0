"""What the clients are made with, where a test with a healthy broker would not tell the difference."""

import gc
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from streams.platform.clients import KafkaClients, redis_client, tool_redis
from streams.platform.settings import Settings

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1", redis_url="redis://127.0.0.1:1/0", transaction_timeout_s=3)
KAFKA = KafkaClients(SETTINGS)


@pytest.fixture(params=["idempotent", "transactional"])
async def producer(request: pytest.FixtureRequest) -> AsyncIterator[AIOKafkaProducer]:
    made = KAFKA.idempotent_producer() if request.param == "idempotent" else KAFKA.transactional_producer("an id")
    yield made
    await made.stop()
    gc.collect()


async def test_producers_wait_for_all_replicas_and_repeat_nothing(producer: AIOKafkaProducer) -> None:
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None


async def test_the_broker_ends_an_open_transaction_after_the_time_of_the_settings() -> None:
    producer = KAFKA.transactional_producer("an id")

    assert producer._txn_manager.transactional_id == "an id"
    assert producer._txn_manager.transaction_timeout_ms == 3_000
    await producer.stop()


async def test_readers_belong_to_no_group_and_see_committed_records_only() -> None:
    reader = KAFKA.reader()

    assert (reader._group_id, reader._isolation_level, reader._enable_auto_commit) == (None, "read_committed", False)
    await reader.stop()


async def test_redis_never_keeps_a_worker_waiting_without_a_limit() -> None:
    for client in (redis_client(SETTINGS), tool_redis(SETTINGS)):
        limits = client.connection_pool.connection_kwargs
        assert 0 < limits["socket_timeout"] <= 5
        assert 0 < limits["socket_connect_timeout"] <= 5
