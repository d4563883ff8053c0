"""Transactions of a whole worker: what is in one, in which order it is sent, and what becomes of it in any trouble."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from random import Random
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced
from aiokafka.producer import AIOKafkaProducer
from faust.types import TP

from streams.engine import group_commit
from streams.engine.aiokafka_patches.offsets_of_members import HeldOffsets
from streams.engine.changelog import PartitionReader
from streams.engine.decoded_states import States
from streams.engine.group_commit import Part
from streams.engine.runs import Records, Run
from streams.engine.table_partition import Effects
from streams.engine.writer import Output, RecordRefused, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import EngineError, Fenced
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.group import PARTITIONS, Team, Worker, at_work
from tests.integration.engine.owner import sums
from tests.unit.engine.workplace import everything_that_can

ALL = range(PARTITIONS)


@pytest.fixture
def team(cluster: Cluster) -> Team:
    return Team(cluster)


@pytest.fixture
async def worker(team: Team) -> AsyncIterator[Worker]:
    async with at_work(team, *ALL) as worker:
        yield worker


async def begin(worker: Worker) -> None:
    """Have each partition hold its first record: before that its input is looked at, which takes a while."""
    await asyncio.gather(*(worker.apply(number, range(1)) for number in ALL))


class Wire:
    """Requests that producers send, and their answers, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        send = AIOKafkaClient.send

        async def noted(client: AIOKafkaClient, node: int, request: Any, **kwargs: Any) -> Any:
            name = type(request).__name__
            self.log.append(name)
            answer = await send(client, node, request, **kwargs)
            self.log.append(f"{name} answered")
            return answer

        monkeypatch.setattr(AIOKafkaClient, "send", noted)

    @property
    def of_transactions(self) -> list[str]:
        words = ("Produce", "AddOffsets", "Offsets", "EndTxn")
        return [one for one in self.log if one.startswith(words)]


async def test_all_partitions_are_written_in_one_transaction(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)
    wire = Wire(monkeypatch)
    await asyncio.gather(*(worker.apply(number, range(1, number + 2)) for number in ALL))

    assert wire.log.count("EndTxnRequest") == 1
    for number in ALL:
        assert await team.told(number) == list(range(number + 2))
        assert worker.table(number) == sums(range(number + 2))
        await team.until_committed(number, number + 2)
        assert worker.noted[TP(team.source, number)] == number + 2


async def test_offsets_are_sent_once_all_records_are_acknowledged_and_only_the_end_behind_them(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the coordinator has taken them, a new owner's look must find everything that can be committed."""
    wire = Wire(monkeypatch)
    large = b"x" * 700_000

    def fold(_: States[bytes], records: Records) -> Effects[bytes]:
        return Effects({b"%d" % n: large for n in range(4)}, [Output(worker.team.outputs, 0, b"k", large)] * 3)

    await worker.apply(0, range(3), fold)

    sent = wire.of_transactions
    assert sent.count("ProduceRequest") > 1
    assert sent[sent.index("OffsetsRequest") :] == [
        "OffsetsRequest",
        "OffsetsRequest answered",
        "EndTxnRequest",
        "EndTxnRequest answered",
    ]
    before = sent[: sent.index("OffsetsRequest")]
    assert before.count("AddOffsetsToTxnRequest answered") == 1
    assert before.count("ProduceRequest") == before.count("ProduceRequest answered") == sent.count("ProduceRequest")


async def test_a_chunk_of_another_generation_is_not_written(team: Team, worker: Worker) -> None:
    stale = Run(TP(team.source, 0), worker.chunk(0, range(3)).records, 3, worker.membership.generation - 1)

    with pytest.raises(Fenced, match="another generation"):
        await worker.owned[0].apply(stale, worker.add_up(0))

    assert await team.cluster.everything(TP(team.changelog, 0)) == []


async def test_records_that_come_again_are_told_to_the_group_and_not_folded_again(team: Team, worker: Worker) -> None:
    await worker.apply(0, range(6))
    worker.noted.clear()  # as after a rebalance whose look at the offsets came too early

    await worker.apply(0, range(3, 6))

    assert await team.told(0) == list(range(6))
    assert worker.noted == {TP(team.source, 0): 6}


async def test_a_lane_that_is_cancelled_cancels_no_commit(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever takes the partition over next knows of it."""
    await begin(worker)
    begun, go_on = stopped_before(monkeypatch, AIOKafkaProducer, "commit_transaction")
    lanes = [asyncio.create_task(worker.apply(number, range(1, 4))) for number in ALL]
    await begun.wait()
    lanes[0].cancel()
    settling = asyncio.create_task(worker.committer.settle())
    await asyncio.wait({lanes[0]})
    assert not settling.done()
    go_on.set()
    await settling

    await worker.take_over(*ALL)
    assert [await team.told(number) for number in ALL] == [list(range(4))] * PARTITIONS
    await worker.apply(0, range(6))
    assert await team.told(0) == list(range(6))
    assert worker.table(0) == sums(range(6))


async def test_partitions_are_given_up_once_readers_see_the_transaction_in_flight(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[str] = []
    until_marked = TransactionWriter.until_marked

    async def noted(writer: TransactionWriter) -> None:
        await until_marked(writer)
        marked.append("seen")

    await worker.apply(0, range(3))
    with monkeypatch.context() as noting:
        noting.setattr(TransactionWriter, "until_marked", noted)
        await worker.committer.settle()

    assert marked == ["seen"]
    with pytest.raises(Fenced):
        await worker.apply(0, range(3, 4))


async def test_a_record_that_the_broker_refuses_stops_its_own_lane_alone(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_large = Random(0).randbytes(9 << 20)

    def bad(_: States[bytes], records: Records) -> Effects[bytes]:
        return Effects({b"k": too_large})

    monkeypatch.setattr("streams.engine.retry.ATTEMPTS", 2)
    await begin(worker)
    lanes = [worker.apply(0, range(1, 2)), worker.apply(1, range(1, 2), bad), worker.apply(2, range(1, 2))]
    done = await asyncio.gather(*lanes, return_exceptions=True)

    assert [type(one) for one in done] == [type(None), EngineError, type(None)]
    assert "MessageSizeTooLargeError" in str(done[1])
    assert [await team.told(number) for number in ALL] == [[0, 1], [0], [0, 1]]
    for number, offset in enumerate((2, 1, 2)):
        await team.until_committed(number, offset)
    await worker.apply(1, range(2))
    await asyncio.gather(*(worker.apply(number, range(2, 4)) for number in ALL))
    assert [worker.table(number) for number in ALL] == [sums(range(4))] * PARTITIONS


async def test_a_transaction_that_the_broker_has_ended_is_written_anew_by_whoever_is_still_a_member(
    team: Team, worker: Worker
) -> None:
    """As a busy machine's, whose time is up: no exit, and nothing twice."""
    await asyncio.gather(*(worker.apply(number, range(2)) for number in ALL))
    before = worker.committer._writer
    other = TransactionWriter(team.cluster.kafka, worker.committer._writes_as)
    await other.start()
    await other.stop()

    await asyncio.gather(*(worker.apply(number, range(2, 4)) for number in ALL))

    assert worker.committer._writer is not before
    assert [await team.told(number) for number in ALL] == [list(range(4))] * PARTITIONS
    assert [worker.table(number) for number in ALL] == [sums(range(4))] * PARTITIONS


async def test_frozen_within_its_time_limits_a_worker_goes_on(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = stopped_before(monkeypatch, AIOKafkaProducer, "commit_transaction")
    applying = asyncio.create_task(worker.apply(0, range(3)))
    await begun.wait()
    assert await team.told(0) == []
    go_on.set()
    await applying

    assert await team.told(0) == [0, 1, 2]


async def test_what_comes_while_a_transaction_is_in_flight_goes_out_with_the_next_one(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)
    wire = Wire(monkeypatch)
    with monkeypatch.context() as slow:
        begun, go_on = stopped_before(slow, AIOKafkaProducer, "commit_transaction")
        first = asyncio.create_task(worker.apply(0, range(1, 3)))
        await begun.wait()
        others = [asyncio.create_task(worker.apply(number, range(1, 3))) for number in (1, 2)]
        await everything_that_can()
        assert len(worker.committer._waiting) == len(others)
        go_on.set()
        await asyncio.gather(first, *others)

    assert wire.log.count("EndTxnRequest") == 2


async def test_a_transaction_takes_no_more_than_its_bounds(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    await begin(worker)
    monkeypatch.setattr(group_commit, "MOST_RECORDS", 8)  # one chunk: four outputs, three keys and the watermark
    wire = Wire(monkeypatch)

    await asyncio.gather(*(worker.apply(number, range(1, 4)) for number in ALL))

    assert wire.log.count("EndTxnRequest") == PARTITIONS


async def test_lanes_go_on_whatever_the_question_meets_whether_their_worker_is_still_a_member(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers_nonsense(_: KafkaClients, group: str) -> set[str]:
        raise KeyError(group)

    await begin(worker)
    monkeypatch.setattr(KafkaClients, "member_ids_of", answers_nonsense)
    troubles_come(monkeypatch, iter(["fenced"]))
    async with asyncio.timeout(30):
        await asyncio.gather(*(worker.apply(number, range(1, 4)) for number in ALL))

    assert [await team.told(number) for number in ALL] == [list(range(4))] * PARTITIONS


async def test_lanes_go_on_though_their_producer_cannot_be_closed(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = AIOKafkaProducer.stop
    unlucky: list[AIOKafkaProducer] = []

    async def fails_once(producer: AIOKafkaProducer) -> None:
        if not unlucky:
            unlucky.append(producer)
            raise RuntimeError("its sender has died")
        await stop(producer)

    await begin(worker)
    monkeypatch.setattr(AIOKafkaProducer, "stop", fails_once)
    troubles_come(monkeypatch, iter(["not sent"]))
    async with asyncio.timeout(30):
        await asyncio.gather(*(worker.apply(number, range(1, 4)) for number in ALL))

    assert [await team.told(number) for number in ALL] == [list(range(4))] * PARTITIONS
    await stop(unlucky[0])


async def test_lanes_hear_of_an_error_of_the_committer_and_those_behind_it_are_written(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)

    def fails_once(tp: TP, offset: int) -> None:
        monkeypatch.setattr(worker.committer, "_committed", worker.noted.__setitem__)
        raise RuntimeError("no room")

    monkeypatch.setattr(worker.committer, "_committed", fails_once)
    monkeypatch.setattr(group_commit, "MOST_RECORDS", 1)  # so that each has a transaction of its own
    async with asyncio.timeout(30):
        done = await asyncio.gather(*(worker.apply(number, range(1, 4)) for number in ALL), return_exceptions=True)

    assert [str(one) for one in done] == ["no room", "None", "None"]


async def test_lanes_hear_of_it_when_the_committers_work_is_cancelled(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)
    with monkeypatch.context() as slow:
        begun, _ = stopped_before(slow, AIOKafkaProducer, "commit_transaction")
        lanes = [asyncio.create_task(worker.apply(number, range(1, 4))) for number in ALL]
        await begun.wait()
        assert worker.committer._working is not None
        worker.committer._working.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(*lanes)

    assert [worker.table(number) for number in ALL] == [sums(range(4))] * PARTITIONS


async def test_after_trouble_with_the_broker_all_partitions_are_committed_together_again(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)
    write, partitions = TransactionWriter.write_as_member, []

    async def cut_off_once(writer: TransactionWriter, outputs: Any, changed: Any, *args: Any) -> dict[TP, int]:
        partitions.append(len(changed))
        if len(partitions) == 1:
            raise KafkaConnectionError
        return await write(writer, outputs, changed, *args)

    monkeypatch.setattr(group_commit, "TICK_S", 1.0)  # so that all lanes are back when the next one begins
    monkeypatch.setattr(TransactionWriter, "write_as_member", cut_off_once)
    await asyncio.gather(*(worker.apply(number, range(1, 3)) for number in ALL))

    assert partitions == [PARTITIONS, PARTITIONS]


async def test_a_partition_whose_records_are_not_taken_in_time_holds_up_no_others_for_long(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes out together with it does not end in time either."""
    await begin(worker)
    write = TransactionWriter.write_as_member

    async def stuck(writer: TransactionWriter, outputs: Any, changed: Any, *args: Any) -> dict[TP, int]:
        if TP(team.changelog, 1) in changed:
            await asyncio.get_running_loop().create_future()
        return await write(writer, outputs, changed, *args)

    monkeypatch.setattr(KafkaClients, "transaction_timeout_s", 0.5)
    monkeypatch.setattr("streams.engine.retry.ATTEMPTS", group_commit.TOGETHER + 2)
    monkeypatch.setattr(group_commit, "TICK_S", 1.0)  # so that all lanes are back when the next one begins
    monkeypatch.setattr(TransactionWriter, "write_as_member", stuck)
    done = await asyncio.gather(*(worker.apply(number, range(1, 3)) for number in ALL), return_exceptions=True)

    assert [type(one) for one in done] == [type(None), EngineError, type(None)]
    assert [await team.told(number) for number in ALL] == [[0, 1, 2], [0], [0, 1, 2]]


async def test_a_transaction_that_has_waited_for_a_producer_in_vain_leaves_the_new_one_alone(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)
    before = worker.committer._writer
    monkeypatch.setattr(KafkaClients, "transaction_timeout_s", 0.2)
    async with worker.committer._making:  # as while a partition is opened
        part = Part(TP(team.changelog, 0), {}, (), TP(team.source, 0), 1, worker.membership.generation)
        with pytest.raises(TimeoutError):
            await worker.committer.commit(part)

    assert worker.committer._writer is before


async def test_a_partition_is_not_opened_while_a_chunk_of_it_is_in_flight(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lane was cancelled before any of its records was sent: an end that is asked for now is before them."""
    await begin(worker)
    begun, go_on = stopped_before(monkeypatch, TransactionWriter, "write_as_member")
    lane = asyncio.create_task(worker.apply(0, range(1, 4)))
    await begun.wait()
    lane.cancel()
    await asyncio.wait({lane})
    opening = asyncio.create_task(worker.owned[0].open())
    await asyncio.wait({opening}, timeout=0.5)
    go_on.set()
    await opening

    assert worker.table(0) == sums(range(4))


async def test_a_partition_is_not_restored_from_a_broker_that_knows_less_than_was_seen(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A former leader that still believes in itself."""
    await begin(worker)
    end_of = PartitionReader.end_of
    asked: list[TP] = []

    async def older(reader: PartitionReader, tp: TP) -> int:
        asked.append(tp)
        return 0 if len(asked) == 1 else await end_of(reader, tp)

    monkeypatch.setattr(PartitionReader, "end_of", older)
    with pytest.raises(KafkaError, match="has been seen to"):
        await worker.owned[0].open()
    await worker.owned[0].open()

    assert worker.table(0) == sums(range(1))


async def test_a_record_refused_while_partitions_are_given_up_makes_nobody_stale(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(worker)

    async def refused(*_: Any) -> dict[TP, int]:
        worker.committer._membership = None  # as `settle` does, which waits for it then
        raise RecordRefused

    monkeypatch.setattr(TransactionWriter, "write_as_member", refused)
    generation = worker.membership.generation
    parts = [Part(TP(worker.team.changelog, n), {}, (), TP(worker.team.source, n), 2, generation) for n in ALL]
    done = await asyncio.gather(*map(worker.committer.commit, parts), return_exceptions=True)

    assert [type(one) for one in done] == [KafkaConnectionError] * PARTITIONS


TROUBLES = (*["none"] * 5, "not sent", "no offsets", "not committed", "answer lost", "fenced")


@pytest.mark.parametrize("seed", range(3))
async def test_state_position_and_outputs_of_all_partitions_agree_through_any_troubles(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = Random(seed)
    monkeypatch.setattr("streams.engine.retry.FIRST_PAUSE_S", 0.001)
    troubles_come(monkeypatch, iter(chance.choices(TROUBLES, k=16)))
    done = dict.fromkeys(ALL, 0)
    for _ in range(8):
        chunks = {n: range(max(0, done[n] - chance.randint(0, 3)), done[n] + chance.randint(1, 9)) for n in ALL}
        await asyncio.gather(*(worker.apply(number, chunk) for number, chunk in chunks.items()))
        done = {number: chunk[-1] + 1 for number, chunk in chunks.items()}
        if chance.random() < 0.3:
            await worker.committer.settle()
            await worker.take_over(*ALL)
        assert {n: worker.table(n) for n in ALL} == {n: sums(range(done[n])) for n in ALL}
        for number in ALL:
            await team.until_committed(number, done[number])

    assert {n: await team.told(n) for n in ALL} == {n: list(range(done[n])) for n in ALL}
    await worker.leave()
    async with at_work(team, *ALL) as successor:
        assert {n: successor.table(n) for n in ALL} == {n: sums(range(done[n])) for n in ALL}


async def test_a_commit_whose_answer_is_lost_is_folded_once(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[int] = []

    def fold(states: States[bytes], records: Records) -> Effects[bytes]:
        folded.append(len(records))
        return worker.add_up(0)(states, records)

    troubles_come(monkeypatch, iter(["answer lost"]))
    await worker.apply(0, range(4), fold)

    assert folded == [4]
    assert worker.table(0) == sums(range(4))


async def test_the_transaction_of_a_worker_that_takes_too_long_is_given_up(
    team: Team, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaClients, "transaction_timeout_s", 0.3)
    with monkeypatch.context() as slow:
        stopped_before(slow, HeldOffsets, "send", times=1)
        await worker.apply(0, range(3))

    assert await team.told(0) == [0, 1, 2]


def troubles_come(monkeypatch: pytest.MonkeyPatch, troubles: Iterator[str]) -> None:
    """Every transaction from now on meets the next trouble; when there are no more, it succeeds."""
    write, offsets = TransactionWriter.write_as_member, HeldOffsets.send
    commit = AIOKafkaProducer.commit_transaction
    now = ["none"]

    async def written(writer: TransactionWriter, *args: Any) -> dict[TP, int]:
        now[0] = next(troubles, "none")
        if now[0] == "not sent":
            raise KafkaConnectionError
        return await write(writer, *args)

    async def offered(held: HeldOffsets) -> None:
        if now[0] == "no offsets":
            raise KafkaConnectionError
        if now[0] == "fenced":
            raise ProducerFenced
        await offsets(held)

    async def committed(producer: AIOKafkaProducer) -> None:
        if now[0] == "not committed":
            now[0] = "none"
            raise KafkaConnectionError
        await commit(producer)
        if now[0] == "answer lost":
            now[0] = "none"
            raise KafkaConnectionError

    monkeypatch.setattr(TransactionWriter, "write_as_member", written)
    monkeypatch.setattr(HeldOffsets, "send", offered)
    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", committed)


def stopped_before(
    monkeypatch: pytest.MonkeyPatch, owner: type[Any], name: str, times: int = 1
) -> tuple[asyncio.Event, asyncio.Event]:
    """The next calls stop before they begin. Events: that one has come, and that it may go on."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)
    come, go_on = asyncio.Event(), asyncio.Event()
    left = [times]

    async def stopped(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            come.set()
            await go_on.wait()
        return await original(*args, **kwargs)

    monkeypatch.setattr(owner, name, stopped)
    return come, go_on
