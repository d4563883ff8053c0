"""Makes all Kafka and Redis clients, so that what they share is set once."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from streams.platform.described_topics import refuse_undescribed
from streams.platform.errors import KafkaAway, MissingTopic
from streams.platform.reachable_broker import require_reachable

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
    from kafka.admin import ProducerState, TransactionDescription
    from redis import Redis as SyncRedis
    from redis.asyncio import Redis

    from streams.platform.servers import ServerSettings
    from streams.platform.settings import Settings


#: The largest batch of records, before compression. Below the smallest `max.message.bytes` of the topics written to.
BATCH_BYTES = 1 << 20
#: The largest request: several batches, or one record of the largest size that any topic takes.
REQUEST_BYTES = 12 << 20
#: Bytes of one partition in one fetch.
PARTITION_FETCH_BYTES = 2 << 20
#: Of members of a group. Where a broker did not answer aiokafka asks again only then, and a leader that knows no topic
#: gives nobody a partition meanwhile.
METADATA_MAX_AGE_MS = 30_000
#: The share of a session in which a broker has to answer a request. A broker that is frozen for good is found dead by
#: the others within nine seconds, unless they are set otherwise; a member whose heartbeat waits for it must then have
#: the time to ask another broker who coordinates its group, and to send the next one.
REQUEST_SHARE = 0.6
#: The longest that any request may take, and that of a tool, which is a member of no group: brokers make hundreds of
#: partitions in one.
LONGEST_REQUEST_S = 20.0
#: The longest that a fetch waits at the broker for a record.
QUIET_FETCH_S = 5.0
_COORDINATOR_PAUSE_S = 0.05
Answer = TypeVar("Answer")
Made = TypeVar("Made")
RedisClient = TypeVar("RedisClient", "Redis", "SyncRedis")
#: A topic and the number of a partition.
TopicPartitionKey = tuple[str, int]
#: Where it is open, of which producer id, and from which offset on.
OpenTransaction = tuple[TopicPartitionKey, int, int]
#: How long a tool looks for the first broker.
BOOTSTRAP_TIMEOUT_S = 10.0


class KafkaClients:
    """Makes clients for one Kafka cluster. Nothing connects before a client is started."""

    def __init__(self, settings: Settings) -> None:
        from streams.platform.next_broker import NextBrokerClient
        from streams.platform.silent_brokers import SilentBrokers

        self._settings = settings
        self._prefix = settings.topic_prefix
        self._silent = SilentBrokers()
        self._common: dict[str, Any] = {
            "client_id": f"{settings.topic_prefix}{settings.app_id}-{socket.gethostname()}",
            "request_timeout_ms": round(self.request_timeout_s * 1000),
            **kafka_security_options(settings),
        }
        self._net_client: Callable[..., Any] = partial(NextBrokerClient, self._silent)
        if self._prefix:
            from streams.platform.prefixed_kafka import PrefixedNetClient

            self._net_client = partial(PrefixedNetClient, self._prefix, self._silent)

    @property
    def _shared(self) -> dict[str, Any]:
        """What all clients have in common; brokers that have not answered of late are tried last."""
        return {"bootstrap_servers": self._silent.last(self._settings.kafka_brokers), **self._common}

    @property
    def _tools(self) -> dict[str, Any]:
        return {
            **self._shared,
            "request_timeout_ms": int(LONGEST_REQUEST_S * 1000),
            "bootstrap_timeout_ms": int(BOOTSTRAP_TIMEOUT_S * 1000),
            "kafka_client": self._net_client,
        }

    @property
    def request_timeout_s(self) -> float:
        """Seconds in which a broker has to answer a worker: a share of a session, `LONGEST_REQUEST_S` at most."""
        return min(LONGEST_REQUEST_S, REQUEST_SHARE * self._settings.session_timeout_s)

    @property
    def quiet_fetch_ms(self) -> int:
        """Milliseconds that a fetch waits at the broker for a record, where few come: half a request's time at most.

        For consumers of one partition that ask nothing else: a broker answers the requests of a connection one by one.
        """
        return round(1000 * min(QUIET_FETCH_S, self.request_timeout_s / 2))

    @property
    def session_timeout_s(self) -> float:
        """Seconds without a heartbeat after which others own what this process owned."""
        return self._settings.session_timeout_s

    @property
    def transaction_timeout_s(self) -> float:
        """Seconds after which the broker aborts an open transaction."""
        return self._settings.transaction_timeout_s

    def transactional_producer(self, transactional_id: str, timeout_ms: int | None = None) -> AIOKafkaProducer:
        """A producer whose start fences every other one of the same id; `timeout_ms`: if not that of the settings."""
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(
            **self._shared,
            **self._batching(),
            transactional_id=transactional_id,
            transaction_timeout_ms=timeout_ms or int(self._settings.transaction_timeout_s * 1000),
        )
        return self._connecting(producer)

    def idempotent_producer(self) -> AIOKafkaProducer:
        """A producer that neither loses nor reorders what it retries."""
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(**self._shared, **self._batching(), enable_idempotence=True)
        return self._connecting(producer)

    def reader(
        self,
        isolation_level: str = "read_committed",
        wait_ms: int | None = None,
        partition_bytes: int = PARTITION_FETCH_BYTES,
        *,
        must_have: bool = False,
    ) -> AIOKafkaConsumer:
        """A consumer without a group; the caller assigns partitions.

        `wait_ms`: of a fetch, if it need not be quick. `partition_bytes`: of each partition about so many are held,
        which the caller has not taken yet. `must_have`: where the offset that is next is there no more it raises
        `OffsetOutOfRangeError`, and does not go on at the start.
        """
        from aiokafka import AIOKafkaConsumer

        fetching = {
            **self._fetching(),
            "isolation_level": isolation_level,
            "max_partition_fetch_bytes": partition_bytes,
        }
        if wait_ms is not None:
            fetching["fetch_max_wait_ms"] = wait_ms
        if must_have:
            fetching["auto_offset_reset"] = "none"
        consumer = AIOKafkaConsumer(**{**self._shared, **fetching}, group_id=None)
        return self._connecting(consumer)

    def group_consumer(self, **group: Any) -> AIOKafkaConsumer:
        """A member of a consumer group that sees committed records only; `group`: its id, assignor, time limits."""
        from aiokafka import AIOKafkaConsumer

        consumer = AIOKafkaConsumer(
            **{**self._shared, **self._fetching(), "metadata_max_age_ms": METADATA_MAX_AGE_MS, **group}
        )
        return self._connecting(consumer)

    def require_reachable(self) -> None:
        """Raise a Kafka error within seconds where no broker can be reached. Blocks."""
        require_reachable(self._silent.last(self._settings.kafka_brokers))

    def tool_admin(self) -> KafkaAdminClient:
        """An admin client for tools. Connects when made; raises a Kafka error as `require_reachable` does."""
        self.require_reachable()
        return self.admin()

    def admin(self, patience_s: float | None = None) -> KafkaAdminClient:
        """An admin client. Connects when made, and looks for a broker for `patience_s`, if not for the usual time."""
        from kafka import KafkaAdminClient

        own = {} if patience_s is None else {"bootstrap_timeout_ms": int(patience_s * 1000)}
        return KafkaAdminClient(**{**self._tools, **own})

    def topic_id(self, topic: str, patience_s: float | None = None) -> str:
        """The id of a topic, another one once the topic is made anew. Blocks; raises as `describe_topics`."""
        from kafka.errors import KafkaError

        try:
            admin = self.admin(patience_s)
            try:
                [described] = admin.describe_topics([topic])
            finally:
                admin.close()
        except KafkaError as error:
            raise KafkaAway(f"asking for the topic {topic}: {type(error).__name__}") from error
        refuse_undescribed({topic: described["error_code"]})
        return str(described["topic_id"])

    def describe_topics(self, topics: Sequence[str]) -> dict[str, tuple[str, int]]:
        """The id and the number of partitions of each topic.

        Blocks; raises `MissingTopic`, `HiddenTopic` where this user may not see one, or `KafkaAway`.
        """
        described = self._ask(lambda admin: admin.describe_topics(list(topics)), "topics")
        refuse_undescribed({each["name"]: each["error_code"] for each in described})
        return {each["name"]: (str(each["topic_id"]), len(each["partitions"])) for each in described}

    def transaction_of(self, transactional_id: str) -> TransactionDescription | None:
        """The last transaction of a transactional id, and its producer. Blocks; raises `KafkaAway`."""
        from kafka.errors import KafkaError, TransactionalIdNotFoundError

        try:
            admin = self.admin()
            try:
                return admin.describe_transactions([transactional_id])[transactional_id]
            finally:
                admin.close()
        except TransactionalIdNotFoundError:
            return None
        except KafkaError as error:
            raise KafkaAway(f"asking for {transactional_id}: {type(error).__name__}") from error

    def transactions_of(self, producers: Collection[int]) -> dict[int, tuple[str, str]]:
        """By producer id the transactional id, and in which state its coordinator has its last transaction.

        Without those that no coordinator knows any more. Blocks; raises `KafkaAway`.
        """
        listed = self._ask(lambda admin: admin.list_transactions(producer_id_filters=list(producers)), "transactions")
        return {one.producer_id: (one.transactional_id, one.state.value) for each in listed.values() for one in each}

    def open_transactions(self, partitions: Iterable[TopicPartitionKey]) -> set[OpenTransaction]:
        """What is open in these partitions. Blocks; raises `KafkaAway`."""
        from kafka import TopicPartition

        wanted = [TopicPartition(*tp) for tp in partitions]
        found = self._ask(lambda admin: admin.describe_producers(wanted), "producers")
        return {
            (tuple(tp), one.producer_id, one.current_transaction_start_offset)
            for tp, (producers,) in found.items()
            for one in producers
            if one.current_transaction_start_offset >= 0
        }

    def member_ids_of(self, group: str) -> set[str]:
        """Ids of the members of a group now, and the names of those that have one. Blocks; raises `KafkaAway`.

        That too where the coordinator does not know them now, since it is about to load the group or has given it away.
        """
        members = self._ask(lambda admin: _members_of(admin, group), group)
        return {said for one in members for said in (one["member_id"], one.get("group_instance_id")) if said}

    def _ask(self, question: Callable[[KafkaAdminClient], Answer], of: str) -> Answer:
        from kafka.errors import KafkaError

        try:
            admin = self.admin()
            try:
                return question(admin)
            finally:
                admin.close()
        except KafkaError as error:
            raise KafkaAway(f"asking for {of}: {type(error).__name__}") from error

    def open_in(self, partitions: Iterable[TopicPartitionKey], producer_id: int) -> set[TopicPartitionKey]:
        """Of these partitions, those in which this producer has records that are neither committed nor aborted.

        Blocks; raises `KafkaAway`.
        """
        from kafka import TopicPartition
        from kafka.errors import KafkaError

        try:
            admin = self.admin()
            try:
                found = admin.describe_producers([TopicPartition(*tp) for tp in partitions])
            finally:
                admin.close()
        except KafkaError as error:
            raise KafkaAway(f"asking for the producer {producer_id}: {type(error).__name__}") from error
        return {tuple(tp) for tp, state in found.items() if any(_is_open(one, producer_id) for one in state[0])}

    def committed_by(self, group: str) -> dict[TopicPartitionKey, int]:
        """The committed offsets of a group by partition; empty for an unknown group. Blocks."""
        admin = self.admin()
        try:
            return committed_offsets(admin, group)
        finally:
            admin.close()

    def members_of(self, group: str) -> int:
        """The number of members of a group now. Blocks."""
        admin = self.admin()
        try:
            return len(_once_there_is_a_coordinator(lambda: _members_of(admin, group)))
        finally:
            admin.close()

    def partitions_of(self, topic: str) -> range:
        """The numbers of a topic's partitions; none where there is no such topic.

        Blocks; raises Kafka's errors, `HiddenTopic` where this user may not see the topic, and `KafkaAway`.
        """
        admin = self.admin()
        try:
            [described] = admin.describe_topics([topic])
        finally:
            admin.close()
        with suppress(MissingTopic):
            refuse_undescribed({topic: described["error_code"]})
            return range(len(described["partitions"]))
        return range(0)

    def tool_producer(self) -> KafkaProducer:
        """A plain producer for tools, which waits for all replicas. Connects when made, as `tool_admin` does."""
        from kafka import KafkaProducer

        self.require_reachable()
        return KafkaProducer(
            **self._tools, acks="all", linger_ms=5, compression_type="zstd", max_request_size=REQUEST_BYTES
        )

    def tool_consumer(self, isolation_level: str = "read_committed") -> KafkaConsumer:
        """A consumer without a group for tools. Connects when made, as `tool_admin` does."""
        from streams.platform.tool_consumer import ToolConsumer

        self.require_reachable()
        return ToolConsumer(
            **self._tools, isolation_level=isolation_level, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    def _connecting(self, made: Made) -> Made:
        """The client, whose connections ask others before silent brokers, and put on the prefix where there is one."""
        from streams.platform.silent_brokers import ask_others_first

        ask_others_first(made, self._silent)
        if self._prefix:
            from streams.platform.prefixed_kafka import prefix_aiokafka

            prefix_aiokafka(made, self._prefix)
        return made

    def _batching(self) -> dict[str, Any]:
        return {
            "acks": "all",
            "compression_type": "zstd",
            "max_batch_size": BATCH_BYTES,
            "max_request_size": REQUEST_BYTES,
        }

    def _fetching(self) -> dict[str, Any]:
        return {
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
            "fetch_max_wait_ms": min(self._settings.fetch_wait_ms, self.quiet_fetch_ms),
        }


def committed_offsets(admin: KafkaAdminClient, group: str) -> dict[TopicPartitionKey, int]:
    """The committed offsets of a group by partition, asked with a client that stays open. Blocks."""
    offsets = _once_there_is_a_coordinator(lambda: admin.list_group_offsets(group)[group])
    return {(tp.topic, tp.partition): entry.offset for tp, entry in offsets.items() if entry.offset >= 0}


def _members_of(admin: KafkaAdminClient, group: str) -> list[dict[str, Any]]:
    """The members of a group as they are described; none of an unknown one. Blocks; raises a Kafka error.

    kafka-python raises no error of a group but puts its words beside an empty list of members.
    """
    from kafka.errors import GroupIdNotFoundError, for_code

    described = admin.describe_groups([group])[group]
    if said := described.get("error"):
        code = re.search(r"\[Error (-?\d+)\]", said)
        error = for_code(int(code[1]) if code else -1)
        if error is not GroupIdNotFoundError:
            raise error(said)
    return described.get("members") or []


def _once_there_is_a_coordinator(ask: Callable[[], Answer]) -> Answer:
    """Ask again until a group has a coordinator: brokers that are new, or just back, need a moment to find one."""
    from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

    deadline = time.monotonic() + LONGEST_REQUEST_S
    while True:
        try:
            return ask()
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_COORDINATOR_PAUSE_S)


def _is_open(one: ProducerState, producer_id: int) -> bool:
    return bool(one.producer_id == producer_id and one.current_transaction_start_offset >= 0)


def kafka_security_options(settings: ServerSettings) -> dict[str, Any]:
    """Security options for both Kafka libraries: TLS, and the user and password of this process."""
    from streams.platform.credential_files import tls_context_of

    said: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_speaks_tls:
        said["ssl_context"] = tls_context_of(settings.kafka_tls)
    if settings.kafka_speaks_sasl:
        said |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return said


def redis_client(settings: Settings) -> Redis:
    """The Redis client of the sinks: answers stay bytes, each call has a time limit. Connects with the first call.

    One retry at once, for a pooled connection that has died; an outage is the caller's to wait out.
    """
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    retry = Retry(NoBackoff(), 1)
    return _behind_prefix(Redis.from_url(settings.redis_url, **_redis_options(settings), retry=retry), settings)


def tool_redis(settings: Settings) -> SyncRedis:
    """The Redis client of tools: blocking, answers stay bytes. Connects with the first call."""
    from redis import Redis as SyncRedis

    return _behind_prefix(SyncRedis.from_url(settings.redis_url, **_redis_options(settings)), settings)


def _behind_prefix(client: RedisClient, settings: Settings) -> RedisClient:
    if not settings.topic_prefix:
        return client
    from streams.platform.prefixed_redis import prefix_redis

    return prefix_redis(client, settings.topic_prefix)


def _redis_options(settings: ServerSettings) -> dict[str, Any]:
    options: dict[str, Any] = {"socket_timeout": 5.0, "socket_connect_timeout": 2.0}
    if password := settings.redis_password.get_secret_value():
        options["password"] = password
    if settings.redis_speaks_tls:
        tls = settings.redis_tls
        files = {"ssl_ca_certs": tls.ca, "ssl_certfile": tls.certificate, "ssl_keyfile": tls.key}
        options |= {name: str(file) for name, file in files.items() if file}
        options["ssl_password"] = tls.key_password  # also an empty one: without any, OpenSSL would ask the terminal
    return options
