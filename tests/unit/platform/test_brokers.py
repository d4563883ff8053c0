"""Clients of brokers that cannot be reached."""

import gc
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.errors import KafkaConnectionError, KafkaError
from kafka.protocol.admin import DescribeGroupsResponse
from typer.testing import CliRunner

from streams.cli.main import app
from streams.domain.replication import PartitionReplicas, TopicReplicas
from streams.platform import next_broker, reachable_broker
from streams.platform.clients import METADATA_MAX_AGE_MS, KafkaClients, redis_client, tool_redis
from streams.platform.described_replicas import topic_replicas
from streams.platform.errors import KafkaAway
from streams.platform.reachable_broker import require_reachable
from streams.platform.settings import Settings
from streams.platform.tried_address import kafka_address_tried, redis_address_tried

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


def partition(number: int, leader: int) -> dict[str, Any]:
    return {"partition_index": number, "leader_id": leader, "replica_nodes": [1, 2, 3], "isr_nodes": [2, 3]}


class Broker:
    """Describes two topics, of which nobody may see the second, and settings where they may be asked for."""

    def __init__(self, **config: str | None) -> None:
        self._config = {name.replace("_", "."): {"value": value} for name, value in config.items()}

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        seen = {"name": names[0], "error_code": 0, "partitions": [partition(1, -1), partition(0, 2)]}
        return [seen, {"name": names[1], "error_code": 29, "partitions": []}]

    def describe_configs(self, asked: list[Any], config_filter: str) -> dict[str, Any]:
        return {"topic": {one.name: self._config for one in asked}}


def read(**config: str | None) -> list[TopicReplicas]:
    return topic_replicas(cast(KafkaAdminClient, Broker(**config)), ["interactions", "hidden"])


PARTITIONS = (PartitionReplicas(0, 2, (1, 2, 3), (2, 3)), PartitionReplicas(1, None, (1, 2, 3), (2, 3)))


def test_partitions_are_in_order_and_without_a_leader_where_nobody_leads_them() -> None:
    assert read(min_insync_replicas="2", unclean_leader_election_enable="false") == [
        TopicReplicas("interactions", PARTITIONS, 2)
    ]


def test_a_stale_copy_may_lead_where_the_setting_says_so() -> None:
    assert read(min_insync_replicas="1", unclean_leader_election_enable="true")[0].unclean


def test_settings_that_this_user_may_not_ask_for_are_not_known() -> None:
    assert read() == [TopicReplicas("interactions", PARTITIONS, None)]


COUNT = 3


class SilentBroker:
    """Accepts connections, as the kernel does for a frozen process, and never answers; `asked`: how often."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.asked += 1
            self._open.append(connection)


@pytest.fixture
def silent() -> Iterator[list[SilentBroker]]:
    with ExitStack() as opened:
        yield [opened.enter_context(closing(SilentBroker())) for _ in range(COUNT)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_broker, "FIRST_ANSWER_MS", 100)


def ask(brokers: list[SilentBroker], prefix: str = "", patience_s: float = 1.5) -> None:
    addresses = ",".join(broker.address for broker in brokers)
    with pytest.raises(KafkaError):
        KafkaClients(Settings(kafka_bootstrap=addresses, topic_prefix=prefix)).admin(patience_s)


@pytest.mark.parametrize("prefix", ["", "north."])
def test_every_broker_is_asked_before_one_is_asked_again(silent: list[SilentBroker], prefix: str) -> None:
    ask(silent, prefix)

    times = sorted(broker.asked for broker in silent)
    assert times[0] >= 1
    assert times[-1] - times[0] <= 1


def test_a_broker_that_is_asked_again_has_more_time_to_answer(silent: list[SilentBroker]) -> None:
    ask(silent)  # 0.3 s for the first round, 0.6 s for the second

    assert sum(broker.asked for broker in silent) <= 3 * COUNT


def test_one_address_alone_has_all_the_time(silent: list[SilentBroker]) -> None:
    ask(silent[:1], patience_s=0.5)

    assert silent[0].asked == 1


def test_a_client_asks_last_who_was_silent_to_the_client_before_it(silent: list[SilentBroker]) -> None:
    first, last = silent[:2]
    clients = KafkaClients(Settings(kafka_bootstrap=f"{first.address},{last.address}"))
    address = first.address.partition(":")
    clients._silent.add((address[0], int(address[2])))

    with pytest.raises(KafkaError):
        clients.admin(0.09)  # enough for the first of them alone
    assert (first.asked, last.asked) == (0, 1)


@pytest.fixture
def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_broker_that_listens_is_reached_beside_one_that_does_not(port: int, free_port: int) -> None:
    require_reachable([f"127.0.0.1:{free_port}", f"localhost:{port}"])


def test_where_nothing_listens_that_is_told_with_what_came_back(free_port: int) -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable([f"127.0.0.1:{free_port}"], 0.2)
    assert isinstance(told.value.__cause__, ConnectionRefusedError)


def test_a_name_that_nobody_knows_is_told_as_that() -> None:
    with pytest.raises(KafkaConnectionError) as told:
        require_reachable(["no-such-host.invalid:9092"], 0.2)
    assert isinstance(told.value.__cause__, OSError)


def test_a_broker_that_starts_meanwhile_is_waited_for(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()
    connect = reachable_broker._connect

    def told(broker: str, within_s: float) -> None:
        try:
            connect(broker, within_s)
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(reachable_broker, "_connect", told)
    asked = threading.Thread(target=require_reachable, args=([f"127.0.0.1:{free_port}"], 60.0))
    asked.start()
    assert refused.wait(30)
    with closing(socket.create_server(("127.0.0.1", free_port))):
        asked.join(30)
        assert not asked.is_alive()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_default_address_is_told_as_one_that_nothing_sets(tmp_path: Path) -> None:
    assert kafka_address_tried(Settings()) == (
        f"tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, and there is no .env in {tmp_path}"
    )
    (tmp_path / ".env").write_text("REDIS_URL=redis://127.0.0.1:7000/0\n")
    assert kafka_address_tried(Settings()) == (
        "tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, in .env neither"
    )


def test_an_address_is_told_with_what_names_it_and_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://user:s3cret@127.0.0.1:7000/0\n")
    assert redis_address_tried(Settings()) == "tried 127.0.0.1:7000, as REDIS_URL says (in the file .env)"
    monkeypatch.setenv("REDIS_URL", "unix:///run/redis.sock")
    assert redis_address_tried(Settings()) == "tried /run/redis.sock, as REDIS_URL says"


def test_taking_down_what_is_not_here_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down = CliRunner().invoke(app, ["local", "down"])

    assert down.exit_code == 0
    assert f"there is no {tmp_path / '.harmonia'}, and there is no .env in {tmp_path}" in down.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("permit", "check", "ada@example.org", "--channel", "email"),
        ("permit", "--channel", "email", "--purpose", "fundraising"),
        ("experiments", "list"),
        ("contact", "show", "ada@example.org"),
        ("contact", "suppress", "ada@example.org"),
        ("reservations", "list", "ada@example.org"),
    ],
)
def test_every_command_that_finds_no_redis_says_where_it_looked(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert "is REDIS_URL right and the server up? Tried 127.0.0.1:1, as REDIS_URL says" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("alerts", "list"),
        ("assign", "subject-gotv-3"),
        ("backup", "kept"),
        ("campaigns", "list"),
        ("dead-letters", "group"),
        ("dead-letters", "list"),
        ("dead-letters", "release", "--list"),
        ("dead-letters", "requeue", "--all"),
        ("experiments", "definitions"),
        ("experiments", "withdraw", "subject-gotv-3"),
        ("hold", "--campaign", "gotv-3"),
        ("hold", "--list"),
        ("insights", "net"),
        ("report", "daily"),
        ("topics", "create"),
        ("topics", "describe"),
    ],
)
def test_every_command_that_finds_no_kafka_says_where_it_looked_and_blames_nothing_else(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr(reachable_broker, "REACHED_WITHIN_S", 0.0)

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert ended.stderr == (
        "Kafka: ConnectionRefusedError; is KAFKA_BOOTSTRAP right and the broker up? Tried 127.0.0.1:1, as "
        "KAFKA_BOOTSTRAP says\n"
    )
