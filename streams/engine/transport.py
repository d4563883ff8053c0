"""The Faust transport `chunks://`: what a fetch brings an agent is one message, and what lanes have done is committed.

Faust's own consumer hands on, tracks and acknowledges single records, and commits past records in flight. Here a
message carries a tuple of `Run` as its value, one for each partition; Faust's acknowledgements are ignored.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, ClassVar, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaTimeoutError
from faust.transport import drivers
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, Message
from faust.types.tuples import ConsumerMessage
from mode import Service
from mode.types import ServiceT

from streams.engine.aiokafka_patches.fetch_requests import look_for_leaders, pace_fetches, pack_fetches
from streams.engine.aiokafka_patches.fetched_records import (
    MOST_BYTES,
    DrainedRecords,
    hand_out_light_records,
)
from streams.engine.aiokafka_patches.offsets_of_members import name_member_with_offsets
from streams.engine.aiokafka_patches.record_batches import read_any_batch
from streams.engine.group_membership import NO_MEMBER, membership_of
from streams.engine.partition_workers import PartitionWorkers
from streams.engine.ports import Host, host_of
from streams.engine.retry import retried
from streams.engine.runs import End, Run, size_of
from streams.engine.static_membership import know_fenced_instances, name_in_group, stop_when_replaced
from streams.engine.writer import retrieve_what_nobody_awaits, wait_briefly_for_markers
from streams.platform.errors import StateLost

logger = logging.getLogger(__name__)

SCHEME = "chunks"
_LOOK_AGAIN_S = 0.02


class ConsumerThread(stock.AIOKafkaConsumerThread):
    """The thread that talks to the group. Sees committed records only, whatever Faust's processing guarantee."""

    async def on_start(self) -> None:
        await super().on_start()
        host = host_of(self.app)
        pace_fetches(self._ensure_consumer()._fetcher)
        look_for_leaders(self._ensure_consumer()._fetcher)
        if host.instance:
            stop_when_replaced(self._ensure_consumer()._coordinator, host.instance, host.fail_stop)

    def on_crash(self, msg: str, *fmt: Any, **_: Any) -> None:
        """Say so in the log, where Faust prints a traceback past it; what crashed is logged by itself."""
        logger.error("%s", msg.format(*fmt))

    def _create_worker_consumer(self, transport: stock.Transport) -> AIOKafkaConsumer:
        host, conf = host_of(self.app), self.app.conf
        self._assignor = self.app.assignor
        return host.kafka.group_consumer(
            group_id=conf.id,
            group_instance_id=name_in_group(host.instance, host.topics_read()) if host.instance else None,
            partition_assignment_strategy=[self._assignor],
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Set positions back to what is committed, and to the start where nothing is.

        Stock Faust leaves the latter where they are, behind records that were fetched during a rebalance and dropped.
        Raises a Kafka error when no broker says after several attempts where the start is, and `StateLost` when what is
        to be read next is gone: aiokafka would jump over it.
        """
        return await retried(lambda: self.call_thread(self._seek_to_committed), "setting positions")

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        committed: Mapping[TP, int] = await consumer.seek_to_committed()
        changelogs = self.app.tables.changelog_topics
        sources = {tp: offset for tp, offset in committed.items() if tp.topic not in changelogs}
        fresh = [tp for tp, offset in sources.items() if not offset]
        if fresh and not await consumer.seek_to_beginning(*fresh):
            raise KafkaTimeoutError
        starts = await consumer.beginning_offsets(list(sources))
        for tp, offset in sources.items():
            if offset and offset < starts[tp]:
                raise StateLost(
                    f"{tp}: handled up to {offset}, and its log starts at {starts[tp]}: what is between is gone. "
                    "To go on without it, set the group's offset to the log's start"
                )
        return committed

    async def _fetch_records(  # type: ignore[override]
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TP, Run]:
        consumer._coordinator.check_errors()  # its tasks may have died, and nobody else looks
        if consumer._fetcher.error_future.done():
            consumer._fetcher.error_future.result()
        ahead = host_of(self.app).lanes.records_ahead
        records = cast(
            dict[TP, DrainedRecords], await super()._fetch_records(consumer, active_partitions, timeout, ahead)
        )
        # No await from here on: positions and generation are those of the moment in which the records were taken.
        generation = consumer._coordinator.generation
        assignment = consumer._subscription.subscription.assignment
        mine = {tp: run for tp, run in records.items() if run and assignment.state_value(tp) is not None}
        if not self.consumer.flow_active:
            # Begun before a rebalance, ended in it, perhaps after recovery has set the positions: nobody takes these.
            for tp, run in mine.items():
                consumer._fetcher.seek_to(tp, run[0].offset)
            return {}
        return {
            tp: Run(TP(*tp), run, assignment.state_value(tp).position, generation, run.start, run.size)
            for tp, run in mine.items()
        }


class RebalanceListener(stock.ConsumerRebalanceListener):
    """Keeps the consumer from fetching changelogs, which are assigned to it but read by recovery.

    And keeps as which member the partitions were assigned.
    """

    async def on_partitions_assigned(self, assigned: Any) -> None:
        consumer = self._thread._ensure_consumer()
        # Now, and not when it is needed: aiokafka's is of a later generation by then, or of none.
        cast(Consumer, self._thread.consumer).membership = membership_of(consumer._coordinator)
        changelogs = self._thread.app.tables.changelog_topics
        consumer.pause(*(tp for tp in assigned if tp.topic in changelogs))
        await super().on_partitions_assigned(assigned)


class Consumer(stock.Consumer):
    """Yields runs for lanes with room, and commits what lanes have done."""

    RebalanceListener: ClassVar[type[stock.ConsumerRebalanceListener]] = RebalanceListener
    membership = NO_MEMBER

    @property
    def _host(self) -> Host:
        return host_of(self.app)

    @property
    def _lanes(self) -> PartitionWorkers:
        return self._host.lanes

    def _new_consumer_thread(self) -> stock.AIOKafkaConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
        active, lanes = self._get_active_partitions(), self._lanes
        wanted = active - lanes.full()  # a copy: Faust changes its own, and another thread reads this one
        if not wanted:
            await self._wait_for_room(timeout)
            return
        # Where all that is wanted is idle, a fetch takes all its time, and a lane that is full now runs dry meanwhile.
        runs = await self._getmany(wanted, timeout if len(wanted) == len(active) else min(timeout, _LOOK_AGAIN_S))
        generation = self.app.consumer_generation_id
        current = [run for run in cast(dict[TP, Run], runs).values() if run.generation == generation]
        for bundle in _bundles(current, lanes.readers):
            # Dropping runs is safe: the flow goes on after a recovery, which sets positions back to what is committed.
            if self.should_stop or not self.flow_active:
                return
            for run in bundle:
                self._read_offset[run.tp] = None  # no gap for Faust to account for
                lanes.taken[run.tp] = run.next_offset
                lanes.taken_from.setdefault(run.tp, run.records[0].offset)
            yield bundle[0].tp, _message(bundle)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand on what each fetch brings, all of it at once, in a message for each agent.

        Stock Faust waits for one message after the other, for several turns of the event loop each: with many
        partitions, each of a message of its own, that took longer than everything else that happens to a record.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                messages = [message async for _, message in self.getmany(timeout=1.0)]
                if messages and not self.should_stop:
                    await self.wait_first(self._hand_on(messages), self.suspend_flow.wait())
                else:
                    await asyncio.sleep(0)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _hand_on(self, messages: Iterable[Message]) -> None:
        """A coroutine around `gather`: that which is cancelled and awaited by nobody ends with an error to be told."""
        await asyncio.gather(*map(self.callback, messages))

    async def wait_empty(self) -> None:
        """Before partitions are given up: end the chunks in hand, commit what is done, stop writing."""
        await self._host.halt_recovery()
        await self._lanes.settle()
        await self._host.settle_tables()
        self._unacked_messages.clear()  # of two agents one may never take a message: a revoke empties its queue
        await super().wait_empty()
        self._lanes.forget()
        await self._host.release_tables()

    def committed(self, tp: TP) -> int | None:
        """The offset that the group has committed; None before its first commit, or where it is not known yet."""
        return self._committed_offset.get(tp)

    def note_committed(self, tp: TP, offset: int) -> None:
        """Know of an offset that a transaction has committed."""
        self._committed_offset[tp] = offset

    @property
    def is_in_touch(self) -> bool:
        """Whether the group's coordinator is known: it is forgotten once it has not answered for a session."""
        consumer = self._thread._consumer
        return consumer is not None and consumer._coordinator.coordinator_id is not None

    def brokers(self) -> list[str]:
        """The brokers that are known and not silent, host:port each; all of them where none has answered of late.

        Those of the settings until one of these has named the others.
        """
        consumer = self._thread._consumer
        return [] if consumer is None else [f"{each.host}:{each.port}" for each in consumer._client.cluster.brokers()]

    def lag_of(self, tp: TP) -> int:
        """Records between what is done (or committed, before the first chunk) and the end of the partition.

        Markers count as long as records are to be done before them; those that nothing follows are nobody's to do.
        """
        done = self._lanes.done_to(tp)
        if done is None:
            done = self._committed_offset[tp] or 0
        if done >= self._lanes.taken.get(tp, 0):
            done = max(done, self._read_to(tp))
        return max(0, (self.highwater(tp) or 0) - done)

    def _read_to(self, tp: TP) -> int:
        """The offset that the group's consumer reads next; 0 where it does not know yet."""
        consumer = self._thread._consumer
        if consumer is None or not consumer._subscription.is_assigned(tp):
            return 0
        state = consumer._subscription.subscription.assignment.state_value(tp)
        return int(state.position) if state.has_valid_position else 0

    def assigned(self) -> Set[TopicPartition]:
        """Partitions that the group has assigned to this member: the same object for as long as that stays."""
        assigned: Set[TopicPartition] = self._thread._ensure_consumer().assignment()
        return assigned

    def ends_of(self, tps: Sequence[TP]) -> dict[TP, End]:
        """Ends of assigned partitions when the last fetch of each was answered; not of those without any yet."""
        consumer = self._thread._consumer
        subscription = None if consumer is None else consumer._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        ends = {}
        for tp in tps:
            state = assignment.state_value(tp)
            if state is None:
                continue
            at = state.timestamp  # first: what is read after it can only be newer
            offset = state.lso
            if at is not None and offset is not None:
                ends[tp] = End(int(offset), int(at))
        return ends

    def ack(self, message: Message) -> bool:
        """A run that an agent has taken is not done yet, so nothing is marked for commit."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    @Service.task
    async def _commit_livelock_detector(self) -> None:
        """Faust's looks at acknowledgements, which mean nothing here; lag is measured instead."""

    async def _wait_for_room(self, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._lanes.wait_for_room()
        except TimeoutError:
            return

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        elsewhere = self._host.commits_offsets
        return iter([tp for tp in self._lanes.partitions() if tp.topic not in elsewhere])

    def _new_offset(self, tp: TP) -> int | None:
        return self._lanes.done_to(tp)


def _bundles(runs: Iterable[Run], readers: Callable[[str], Sequence[str]]) -> list[list[Run]]:
    """Runs that one message hands on to the agents that read all of them.

    What it holds stays in memory until they have the next one, so it is no more than one run may have, and its last.
    """
    bundles: list[list[Run]] = []
    open_: dict[Sequence[str], list[Run]] = {}
    room: dict[Sequence[str], int] = {}
    for run in runs:
        whose = readers(run.tp.topic) or (run.tp.topic,)
        if room.get(whose, 0) <= 0:
            open_[whose], room[whose] = [], MOST_BYTES
            bundles.append(open_[whose])
        open_[whose].append(run)
        room[whose] -= size_of(run)
    return bundles


def _message(bundle: Sequence[Run]) -> ConsumerMessage:
    """To Faust it is of the first of their partitions."""
    first = bundle[0]
    last = first.records[-1]
    return ConsumerMessage(
        first.tp.topic,
        first.tp.partition,
        last.offset,
        last.timestamp / 1000,
        0,
        None,
        None,
        tuple(bundle),  # type: ignore[arg-type]
        None,
        None,
        None,
        first.tp,
        generation_id=first.generation,
    )


class Transport(stock.Transport):
    """`chunks://`: aiokafka with the consumer above."""

    Consumer: ClassVar[type[Any]] = Consumer


def register() -> None:
    """Make the scheme known to Faust, batches readable whatever is in them, records cheap and transactions quick.

    And a worker that was replaced recognisable.
    """
    wait_briefly_for_markers()
    retrieve_what_nobody_awaits()
    read_any_batch()
    hand_out_light_records()
    pack_fetches()
    know_fenced_instances()
    name_member_with_offsets()
    drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
