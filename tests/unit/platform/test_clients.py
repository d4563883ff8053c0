"""What the clients are made with, where a test with a healthy broker would not tell the difference."""

import gc
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.protocol.admin import DescribeGroupsResponse

from streams.platform.clients import METADATA_MAX_AGE_MS, KafkaClients, redis_client, tool_redis
from streams.platform.errors import KafkaAway
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


async def test_a_member_of_a_group_soon_asks_again_what_topics_there_are() -> None:
    """One that was frozen while it began knew none for five minutes, and as the leader gave nobody a partition."""
    member = KAFKA.group_consumer(group_id="g")
    assert member._client._metadata_max_age_ms == METADATA_MAX_AGE_MS
    await member.stop()


async def test_a_reader_goes_on_at_the_start_where_an_offset_is_gone_unless_it_must_have_it() -> None:
    readers = [KAFKA.reader(), KAFKA.reader(must_have=True)]
    assert [reader._auto_offset_reset for reader in readers] == ["earliest", "none"]
    for reader in readers:
        await reader.stop()


async def test_readers_belong_to_no_group_and_see_committed_records_only() -> None:
    reader = KAFKA.reader()

    assert (reader._group_id, reader._isolation_level, reader._enable_auto_commit) == (None, "read_committed", False)
    await reader.stop()


async def test_redis_never_keeps_a_worker_waiting_without_a_limit() -> None:
    for client in (redis_client(SETTINGS), tool_redis(SETTINGS)):
        limits = client.connection_pool.connection_kwargs
        assert 0 < limits["socket_timeout"] <= 5
        assert 0 < limits["socket_connect_timeout"] <= 5


class Describing:
    """An admin client whose broker describes a group so."""

    def __init__(self, error_code: int, *members: str) -> None:
        admin = KafkaAdminClient.__new__(KafkaAdminClient)
        members_ = [DescribeGroupsResponse.DescribedGroup.DescribedGroupMember(member_id=one) for one in members]
        group = DescribeGroupsResponse.DescribedGroup(group_id="g", error_code=error_code, members=members_)
        self._described: dict[str, dict[str, object]] = admin._describe_groups_process_response(
            DescribeGroupsResponse(groups=[group])
        )

    def describe_groups(self, _: list[str]) -> dict[str, dict[str, object]]:
        return self._described

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("code", [14, 15, 16, 30, 32_000])
def test_members_of_whom_the_coordinator_does_not_know_now_are_not_called_gone(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """kafka-python does not raise the error of a group."""
    monkeypatch.setattr(KafkaClients, "admin", lambda _: Describing(code))

    with pytest.raises(KafkaAway):
        KAFKA.member_ids_of("g")


def test_of_an_unknown_group_there_are_no_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KafkaClients, "admin", lambda _: Describing(69))

    assert KAFKA.member_ids_of("g") == set()
    assert KAFKA.members_of("g") == 0


def test_a_group_that_is_loading_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Describing(14), Describing(16), Describing(0, "a")])
    admin = Describing(0)
    monkeypatch.setattr(admin, "describe_groups", lambda groups: next(answers).describe_groups(groups))
    monkeypatch.setattr(KafkaClients, "admin", lambda _: admin)

    assert KAFKA.members_of("g") == 1


@pytest.mark.parametrize(
    ("session_s", "request_ms", "fetch_ms"), [(6, 3_600, 1_800), (10, 6_000, 3_000), (300, 20_000, 5_000)]
)
async def test_a_request_takes_less_than_a_session_and_never_longer_than_twenty_seconds(
    session_s: float, request_ms: int, fetch_ms: int
) -> None:
    kafka = KafkaClients(SETTINGS.model_copy(update={"session_timeout_s": session_s, "fetch_wait_ms": 5_000}))
    reader = kafka.reader()
    assert (reader._client._request_timeout_ms, reader._fetch_max_wait_ms) == (request_ms, fetch_ms)
    await reader.stop()
