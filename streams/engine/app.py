"""A Faust app that runs on chunks: agents stay `@app.agent`, tables stay `app.Table`, `faust` commands still work."""

import logging
import os
from collections.abc import Callable, Sequence, Set
from typing import Any, cast

import faust
from aiokafka import TopicPartition
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP, StreamT
from faust.types.auth import CredentialsT

from streams.domain.formats import Unreadable
from streams.engine import transport
from streams.engine.decoded_states import State, Storage
from streams.engine.group_membership import Membership
from streams.engine.lifecycle_listener import NULL_LISTENER, LifecycleListener
from streams.engine.partition_workers import PartitionWorkers, Process
from streams.engine.ports import Host, Recoverable
from streams.engine.recovery import TableManager
from streams.engine.runs import ChunkLimits, End, Run
from streams.engine.static_membership import given_away
from streams.engine.table import CHUNKS_AT_ONCE, ChunkTable, Flow, TableContext
from streams.engine.weighted_semaphore import WeightedSemaphore
from streams.platform.clients import KafkaClients, kafka_security_options
from streams.platform.errors import EngineError, Fenced
from streams.platform.logs import describe_error
from streams.platform.settings import Settings
from streams.platform.shutdown import end_without_memory, is_of_memory

logger = logging.getLogger(__name__)

EXIT_FAIL_STOP = 70
SETTLE_GRACE_S = 3.0


class ChunkApp(faust.App):
    """The app of one worker process.

    Parameters:
        on_ready: called with the number of partitions whenever the worker has taken over what it owns.
        onlooker: hears what happens to the partitions.
        stop_process: ends the process at once, without a commit; called when going on could lose or double something.
    """

    def __init__(
        self,
        settings: Settings,
        kafka: KafkaClients,
        on_ready: Callable[[int], None],
        stop_process: Callable[[int], Any] = os._exit,
        *,
        onlooker: LifecycleListener = NULL_LISTENER,
    ) -> None:
        transport.register()
        self.kafka = kafka
        self.instance = settings.instance
        self.on_ready = on_ready
        self.onlooker = onlooker
        self._stop_process = stop_process
        self._assigned: Set[TopicPartition] = frozenset()
        self._owned: Sequence[TP] = ()
        limits = ChunkLimits(settings.chunk_records, settings.chunk_bytes)
        turns = WeightedSemaphore(CHUNKS_AT_ONCE * limits.records)
        self._table_context = TableContext(kafka, turns, self._committed, self._membership, self._note, onlooker)
        self.lanes = PartitionWorkers(limits, SETTLE_GRACE_S, lambda tp, error: self.fail_stop(error, tp))
        super().__init__(settings.app_id, **_faust_settings(settings))

    def chunk_table(
        self, name: str, partitions: int, storage: Storage[State], flow: Flow, *, as_group: bool = False
    ) -> ChunkTable[State]:
        """A table whose changelog has as many partitions as each of its sources. `as_group`: see `ChunkTable`."""
        table: ChunkTable[State] = ChunkTable(
            self,
            name=name,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
            context=self._table_context,
            flow=flow,
            storage=storage,
            as_group=as_group,
        )
        self.tables.add(table)
        return table

    def handle(self, name: str, topics: Sequence[str], process: Process, linger_s: float = 0.0) -> None:
        """Add an agent that hands each run of its topics to a lane of its own, where `process` works on it.

        Several agents may read one topic: each sees all of it, and what may be committed is the least of what they did.
        `linger_s`: see `PartitionWorkers.expect`.
        Raises `ValueError` for a second agent of a topic whose offsets transactions commit: they know of one alone.
        """
        if twice := sorted(topic for topic in topics if topic in self.commits_offsets and self.lanes.is_read(topic)):
            raise ValueError(f"{', '.join(twice)}: two agents, of which the transactions of one commit the offsets")
        self.lanes.expect(name, topics, linger_s)

        async def hand_on(fetched: StreamT[Sequence[Run]]) -> None:
            try:
                async for runs in fetched:
                    for run in runs:
                        self.lanes.submit(name, run, process)
            except Exception as error:  # noqa: BLE001 - Faust would start the agent again behind the run that it dropped
                self.fail_stop(error)

        self.agent(self.topic(*topics, key_serializer="raw", value_serializer="raw"), name=name)(hand_on)

    def topics_read(self) -> set[str]:
        """Of which the group assigns partitions to its members."""
        read = (topic for agent in self.agents.values() for topic in cast(faust.Topic, agent.channel).topics)
        return {*read, *self.tables.changelog_topics}

    async def halt_recovery(self) -> None:
        """End the recovery that is under way, if any."""
        await cast(TableManager, self.tables).recovery.halt()

    @property
    def commits_offsets(self) -> set[str]:
        """The topics whose offsets transactions commit; of all others the consumer does."""
        return {topic for table in self._chunk_tables() for topic in table.commits_offsets}

    async def settle_tables(self) -> None:
        """Begin no more transactions, and return once those in flight have ended."""
        for table in self._chunk_tables():
            await table.settle()

    async def release_tables(self) -> None:
        """Give up the right to write to any table."""
        for table in self._chunk_tables():
            await table.release()

    def _chunk_tables(self) -> list[ChunkTable[Any]]:
        return [table for table in self.tables.values() if isinstance(table, ChunkTable)]

    @property
    def is_ready(self) -> bool:
        """Whether this worker has taken its partitions over, lets chunks in and is in touch with its group."""
        return bool(self.tables.actives_ready) and not self.rebalancing and self.is_in_touch

    async def unready(self) -> str | None:
        """Why it does not work on its partitions now; None: it does."""
        return None if self.is_ready else "taking partitions over"

    def owned_partitions(self) -> Sequence[TP]:
        """The partitions of the agents' topics that this worker works on; none while it takes them over."""
        if not self.is_ready:
            return []
        assigned = cast(transport.Consumer, self.consumer).assigned()
        if assigned is not self._assigned:  # asked for some twenty times a second, and the same for days
            changelogs = self.tables.changelog_topics
            self._owned = [TP(tp.topic, tp.partition) for tp in assigned if tp.topic not in changelogs]
            self._assigned = assigned
        return self._owned

    def lag(self) -> dict[TP, int]:
        """For each owned partition, how many records (control records included) are not done yet."""
        consumer = cast(transport.Consumer, self.consumer)
        return {tp: consumer.lag_of(tp) for tp in self.owned_partitions()}

    def ends(self) -> dict[TP, End]:
        """Where each owned partition ended when its broker last said so."""
        consumer = cast(transport.Consumer, self.consumer)
        return consumer.ends_of(self.owned_partitions())

    def uncommitted(self) -> tuple[int, int]:
        """In how many partitions this worker has records that it took and has not committed, and how many at most.

        Markers of transactions count as records. To be asked from any thread.
        """
        consumer = cast(transport.Consumer | None, self._consumer)  # asked for by its name it would be made here
        if consumer is None:
            return 0, 0
        left = []
        for tp, end in list(self.lanes.taken.items()):
            committed = consumer.committed(tp)
            left.append(end - (self.lanes.taken_from.get(tp, end) if committed is None else committed))
        return sum(count > 0 for count in left), sum(count for count in left if count > 0)

    @property
    def is_in_touch(self) -> bool:
        """Whether the group's coordinator is known: it is forgotten once it has not answered for a session."""
        consumer = cast(transport.Consumer | None, self._consumer)
        return consumer is not None and consumer.is_in_touch

    def brokers(self) -> list[str]:
        """All brokers that the consumer knows, host:port each; none before there is one. From any thread."""
        consumer = cast(transport.Consumer | None, self._consumer)
        return [] if consumer is None else consumer.brokers()

    def _committed(self, source: TP) -> int | None:
        return cast(transport.Consumer, self.consumer).committed(source)

    def _note(self, source: TP, offset: int) -> None:
        cast(transport.Consumer, self.consumer).note_committed(source, offset)

    def _membership(self) -> Membership:
        return cast(transport.Consumer, self.consumer).membership

    def _on_rebalance_when_stopped(self) -> None:
        """Faust closes the consumer here, and the last commit would wait for ever."""

    def fail_stop(self, error: BaseException, tp: TP | None = None) -> None:
        """Say why, and end the process without a commit: nothing counts as done because something went wrong.

        What is known to happen says itself what to do; of anything else it is shown where it came from.
        """
        if is_of_memory(error):
            end_without_memory(self._stop_process)
        known = isinstance(error, EngineError | Unreadable)
        why = f"{type(error).__name__}: {error}" if known else describe_error(error)
        if isinstance(error, Fenced) and self.instance and (cause := given_away(self.instance)) not in why:
            why = f"{why}; {cause}"  # whoever has the name may write before the group tells this one
        logger.critical("stopping at %s: %s", tp or "no partition in particular", why)
        self.onlooker.failed(error)
        logging.shutdown()
        self._stop_process(EXIT_FAIL_STOP)


_HOST: type[Host] = ChunkApp  # seen by the type checker alone: what Faust hands on are these, whatever it calls them
_RECOVERABLE: type[Recoverable] = ChunkTable


def _faust_settings(settings: Settings) -> dict[str, Any]:
    brokers = ";".join(settings.kafka_brokers)
    # Nobody looks there, but Faust takes no assignment that was made for another address, such as a host of old.
    place = {"canonical_url": f"http://{settings.instance}.invalid"} if settings.instance else {}
    return {
        **place,
        "broker": f"{transport.SCHEME}://{brokers}",
        "broker_credentials": _credentials(settings),
        "store": "memory://",
        "TableManager": TableManager,
        "datadir": settings.state_dir,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "table_standby_replicas": 0,
        "consumer_auto_offset_reset": "earliest",
        "broker_session_timeout": settings.session_timeout_s,
        "broker_heartbeat_interval": settings.session_timeout_s / 5,
        "broker_commit_interval": 1.0,
        # A worker that owns nothing never polls, and aiokafka would let it leave the group for good after this time.
        "broker_max_poll_interval": 10 * 365 * 86_400.0,
        "stream_wait_empty": True,
        "stream_recovery_delay": 0.0,
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }


def _credentials(settings: Settings) -> CredentialsT | None:
    """For the producer that Faust starts by itself; all other clients are `KafkaClients`'."""
    said = kafka_security_options(settings)
    context = said.get("ssl_context")
    if "sasl_mechanism" in said:
        return SASLCredentials(
            username=said["sasl_plain_username"],
            password=said["sasl_plain_password"],
            ssl_context=context,
            mechanism=said["sasl_mechanism"],
        )
    return SSLCredentials(context) if context else None
