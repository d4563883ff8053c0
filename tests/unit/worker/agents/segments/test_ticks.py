"""Ticks of segments."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from faust.types import TP
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from events.contact import Contact
from events.envelope import Interaction
from events.registry import MODELS
from events.topics import CONTACT_STATE, INTERACTIONS, SEGMENT_WORK
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.domain.pressure import default_policy
from streams.domain.segments.definition_files import definition_json
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import End, Run
from streams.engine.store import MemoryStore, Position
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Fold
from streams.engine.writer import Output
from streams.platform.settings import Settings
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.segments.records import TICK, Tick, read_tick
from streams.worker.agents.segments.registry import PartitionTime, SegmentRegistry, Sweep, segment_registry_of
from streams.worker.agents.segments.sampling import kept_sample
from streams.worker.agents.segments.ticks import LOST_MS, SegmentTicks
from streams.worker.metrics import Metrics
from tests.property.domain.segments.definitions import read
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import NOON
from tests.unit.engine.kafka_records import Fetched


class Broker:
    """A worker's partition 0 and its broker, whose clock is a year behind the worker's."""

    def __init__(self) -> None:
        self.now = self.wall = 0
        self.end = End(0, 0)
        self.sent: list[Output] = []
        self.memory: dict[int, Mapping[str, Any]] = {0: {}}
        self.is_defined = True
        self.metrics = Metrics(CollectorRegistry())
        ends, clock = (lambda: {TP(INTERACTIONS, 0): self.end}), (lambda: self.wall)
        self.ticks = SegmentTicks(self, ends, self, clock, self.metrics.segments)

    def shown(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)

    def at_hand(self) -> Mapping[int, Mapping[str, Any]]:
        return self.memory

    def keeps(self, partition: int, prefix: bytes) -> bool:
        return self.is_defined

    async def write(self, outputs: Sequence[Output]) -> None:
        self.sent += outputs

    def look(self, after: int = 0) -> list[Tick | None]:
        """What is sent when it is looked at so many milliseconds later."""
        self.wall += after
        before = len(self.sent)
        asyncio.run(self.ticks.tick())
        return [read_tick(output.value) for output in self.sent[before:]]

    def answers(self, offset: int, after: int = 100) -> None:
        """The consumer is told where the partition ends."""
        self.wall += after
        self.end = End(offset, self.wall)

    def read(self, appended_at: int) -> None:
        """The worker folds the tick that was sent last."""
        record = Fetched(0, self.sent[-1].value, TICK, (), appended_at, SEGMENT_WORK, 0)
        self.ticks.note(0, [record])


def registry_with(*tables: dict[str, Any]) -> SegmentRegistry:
    states = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
    registry = segment_registry_of(states, default_policy())
    for definition in read([*tables]):
        registry.define(definition.id, definition_json(definition))
    registry.go_by(default_policy())
    return registry


def test_a_moment_is_told_with_an_end_that_was_asked_for_after_it() -> None:
    broker = Broker()
    assert broker.look() == [Tick()]
    assert broker.look(500) == []
    broker.read(appended_at=7_000)
    broker.answers(3)
    assert broker.look() == []  # that answer may have been on its way when the tick came
    broker.answers(5)
    assert broker.look() == [Tick(5, 7_000)]
    broker.read(appended_at=9_000)
    assert broker.look(500) == []


def test_a_tick_that_never_comes_is_sent_again_without_a_moment() -> None:
    broker = Broker()
    assert broker.look() == [Tick()]
    assert broker.look(LOST_MS) == []
    assert broker.look(1) == [Tick()]


def test_time_goes_on_soon_where_the_clock_of_the_worker_is_set_back() -> None:
    broker = Broker()
    broker.answers(2, after=9_000_000)
    broker.look()
    broker.read(appended_at=7_000)
    broker.wall = 1_000_000
    assert broker.look(500) == [Tick()]
    broker.read(appended_at=9_000)
    assert broker.look(500) == []  # the answer that is at hand was given by the clock of before
    broker.answers(3)
    assert broker.look() == []
    broker.answers(5)
    assert broker.look() == [Tick(5, 9_000)]


def test_a_partition_that_was_given_away_and_comes_back_begins_anew() -> None:
    broker = Broker()
    broker.look()
    broker.read(appended_at=7_000)
    broker.answers(3)
    broker.look()
    memory, broker.memory = broker.memory, {}
    assert broker.look(100) == []
    broker.memory = memory
    assert broker.look(100) == [Tick()]


def test_where_no_segment_is_defined_nothing_is_sent() -> None:
    broker = Broker()
    broker.is_defined = False
    assert broker.look() == []
    broker.memory = {0: {"segments": registry_with()}}
    broker.is_defined = True
    assert broker.look(100) == []
    broker.memory = {0: {"segments": registry_with({"id": "hosts", "all": [{"tag": "host"}]})}}
    assert broker.look(100) == [Tick()]


def test_metrics_show_what_is_defined_and_how_far_time_is_behind() -> None:
    broker = Broker()
    registry = registry_with({"id": "hosts", "all": [{"tag": "host"}]})
    broker.memory = {0: {"segments": registry}}
    broker.look(60_000)
    names = ("harmonia_segments", "harmonia_segment_time_behind_seconds", "harmonia_segment_backfill_partitions")
    assert [broker.shown(name) for name in names] == [1, 0, 0]
    registry.keeps_time(PartitionTime(now=20_000))
    registry.sweeps(Sweep(1, changed=("hosts",)))
    broker.look()
    assert [broker.shown(name) for name in names] == [1, 40, 1]


HOSTS = {"id": "hosts", "all": [{"tag": "host"}]}
SEEN = {"id": "seen", "all": [{"seen": "first", "within": "9000d"}]}


def town_with(name: str) -> Town:
    """Somebody is in both segments."""
    town = Town()
    town.define([HOSTS, SEEN])
    said = {"contact": Contact(contact_id=name), "method": "door", "outcome": "contacted", "tags_added": ["host"]}
    data = MODELS["canvass.reported"].model_validate(said)
    town.say(Interaction(id="1", source="team/a", type="canvass.reported", time=NOON, data=data), NOON)
    town.settle()
    assert town.names() == {name: {"hosts", "seen"}}
    return town


def left_as(town: Town, name: str, state: ContactState | None) -> None:
    """What an older worker has left of somebody."""
    store = town.stores[town.partition_of(name)]
    store.write({name.encode(): None if state is None else encode(state)}, Position("t", 2, 0))


def test_who_was_merged_is_let_go_of_by_the_next_backfill() -> None:
    town = town_with("crm.ada")
    state = decode(town.table()[b"crm.ada"])
    left_as(town, "crm.ada", replace(state, place=IdentityStatus(roof="crm.bo", shown="merged")))
    town.define([{"id": "drivers", "all": [{"tag": "driver"}]}])
    town.settle()
    assert town.names() == {}
    assert town.causes["merged"] == 1


def test_who_is_known_no_more_holds_no_place_in_a_segment_that_is_withdrawn() -> None:
    town = town_with("crm.ada")
    left_as(town, "crm.ada", None)
    town.latest[CONTACT_STATE].clear()
    number = town.partition_of("crm.ada")
    town.withdraw(["hosts"])
    while town.waiting():
        super(Town, town).work(town.waiting()[0], 10)
    assert town.counts["hosts", number].value is None
    said = {"contact": Contact(contact_id="crm.ada"), "method": "door", "outcome": "not_home"}
    data = MODELS["canvass.reported"].model_validate(said)
    town.say(Interaction(id="2", source="team/a", type="canvass.reported", time=NOON, data=data), NOON)
    while town.waiting():
        super(Town, town).work(town.waiting()[0], 10)
    assert town.memberships()["crm.ada"].keys() == {"seen"}


PLACE = TP(SEGMENT_WORK, 0)
CONTACTS = 3_000


class OnePartition:
    """A table of one partition, with contacts in it; what is folded is not committed."""

    def __init__(self) -> None:
        self.memory: dict[str, object] = {}
        self.states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
        contacts = {b"voter:OH:%04d" % number: b"" for number in range(CONTACTS)}
        self.states.store.write(contacts, Position("topic", 1, 0))

    def owned(self, _: int) -> "OnePartition":
        return self

    async def apply(self, chunk: Run, fold: Fold[ContactState]) -> None:
        fold(self.states, chunk.records)


async def walked_past(chunk_records: int, records: int) -> int:
    """How many contacts are walked past by two chunks of so many records, one a second after the other."""
    table, metrics, settings = OnePartition(), Metrics(CollectorRegistry()), Settings(chunk_records=chunk_records)
    now = iter([1_000, 2_000])
    agent = ContactsAgent(
        *(cast(ChunkTable[ContactState], table), settings, metrics, lambda: next(now)),
        policy=default_policy,
        on_work=lambda *_: None,
    )
    for _ in range(2):
        await agent(Run(PLACE, [Fetched(number, b"", b"", [], 0, *PLACE) for number in range(records)], records, 1))
    return kept_sample(table.states, settings.partitions).people.known


@pytest.mark.parametrize(
    ("chunk_records", "records", "is_behind"),
    [
        *([size, size // 2, True] for size in (1_000, 100, 4)),
        *([size, size, True] for size in (1_000, 100)),
        *([size, size // 2 - 1, False] for size in (1_000, 100, 4_000, 4)),
        (1, 1, False),
    ],
)
async def test_a_worker_of_any_chunk_size_draws_ahead_only_where_its_partition_keeps_up(
    chunk_records: int, records: int, is_behind: bool
) -> None:
    assert (await walked_past(chunk_records, records) == 0) is is_behind
