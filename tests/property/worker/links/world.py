"""All agents between `interactions` and the topics that others read, in memory: logs, chunks of any size, any order."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.identity_links import CanonicalId, FragmentErasure, read_link, write_canonical_id
from events.json_types import JSON
from events.refusal import Refusal
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_ROOFS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    DEAD_LETTERS,
    EXPERIMENT_DEFINITIONS,
    EXPERIMENT_PARTIALS,
    EXPERIMENT_SWEEPS,
    IDENTITY_LINKS,
    INTERACTIONS,
    SEGMENT_CHANGES,
    SEGMENT_COUNTS,
    SEGMENT_DEFINITIONS,
    SEGMENT_WORK,
)
from sinks.keys import partition_of
from streams.domain import identity
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.derived_view import give_up
from streams.domain.contact.identity.erasure import place_of
from streams.domain.pressure import Policy, default_policy
from streams.engine.decoded_states import BESIDE, NO_STATES, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Output
from streams.worker.agents.contacts.agent import fold_chunk
from streams.worker.agents.contacts.class_queries import InputProgress
from streams.worker.agents.contacts.output_records import GENERATION_BITS, RecordBuilder
from streams.worker.agents.segments.sampling import is_of_backlog
from tests.unit.engine.kafka_records import Fetched

if TYPE_CHECKING:
    from tests.property.worker.links.sayings import Saying

PARTITIONS = 3
CHUNK_RECORDS = 10
CROWD = 50
SOURCES = (
    *(INTERACTIONS, CONTACT_ROOFS, CONTACT_FRAGMENTS, EXPERIMENT_DEFINITIONS, EXPERIMENT_SWEEPS),
    *(SEGMENT_DEFINITIONS, SEGMENT_WORK),
)
Log = tuple[str, int]


@dataclass
class Latest:
    """The last record of a key, as it stays after compaction."""

    value: bytes | None
    headers: dict[str, bytes | None]

    @property
    def json(self) -> JSON:
        return None if self.value is None else orjson.loads(self.value)


@dataclass
class World:
    """Topics and the agents that read them.

    `hasher` writes what is said from now on; `order`: partition and offset of each record of `interactions`.
    `changes`: of segments, in their order; `counts`: by segment and partition. `is_warm`: what folds have at hand stays
    from chunk to chunk, as in a worker that goes on; else each chunk finds what is in the store alone. `clock`: when
    chunks are folded, by the worker (ms).
    """

    hasher: Hasher = field(default_factory=lambda: Hasher([b"key"]))
    partitions: int = PARTITIONS
    generation: int = 0
    logs: dict[Log, list[Fetched]] = field(default_factory=lambda: defaultdict(list))
    read: dict[Log, int] = field(default_factory=lambda: defaultdict(int))
    stores: dict[int, MemoryStore] = field(default_factory=lambda: defaultdict(MemoryStore))
    nodes: dict[str, identity.Node] = field(default_factory=dict)
    latest: dict[str, dict[str, Latest]] = field(default_factory=lambda: defaultdict(dict))
    alerts: list[dict[str, JSON]] = field(default_factory=list)
    order: list[tuple[int, int]] = field(default_factory=list)
    partials: list[Output] = field(default_factory=list)
    changes: list[Output] = field(default_factory=list)
    counts: dict[Log, Latest] = field(default_factory=dict)
    policy: Policy = field(default_factory=default_policy)
    is_warm: bool = False
    clock: int = 0
    at_hand: dict[int, States[ContactState]] = field(default_factory=dict)

    def say(self, interaction: Interaction, appended_at: int) -> str:
        """Append it to `interactions`; returns its fragment."""
        fragment, value = harmonise(interaction, self.hasher)
        self.append(fragment, value, appended_at)
        return fragment

    def hear(self, sayings: "Iterable[Saying]") -> None:
        """Append them to `interactions` in their order."""
        for saying in sayings:
            self.say(saying.interaction, saying.appended_at)

    def append(self, fragment: str, value: bytes | None, appended_at: int) -> None:
        """Append to `interactions` what is harmonised already."""
        number = self.partition_of(fragment)
        self.order.append((number, len(self.logs[INTERACTIONS, number])))
        self._append(Output(INTERACTIONS, number, fragment.encode(), value), appended_at)

    def partition_of(self, name: str) -> int:
        """The partition of an identifier in every topic that has several."""
        return partition_of(name, self.partitions)

    def waiting(self) -> list[Log]:
        """The partitions that have something to be read."""
        return sorted(log for log, records in self.logs.items() if self.read[log] < len(records))

    def work(self, log: Log, count: int) -> None:
        """Fold the next `count` records of a partition as one chunk."""
        start = self.read[log]
        chunk = self.logs[log][start : start + count]
        self.read[log] = start + len(chunk)
        if log[0] == IDENTITY_LINKS:
            self._link(chunk)
        else:
            self._fold(log, chunk)

    def settle(self, held: Log | None = None) -> None:
        """Work until nothing is waiting, but for a partition that is held back."""
        while waiting := [log for log in self.waiting() if log != held]:
            for log in waiting:
                self.work(log, 1_000)

    def repeat_the_latest(self, topic: str) -> None:
        """Have the last record of each key read again, as it stays after compaction."""
        for number in range(self.partitions):
            log = self.logs[topic, number]
            latest = {record.key: record for record in log}
            self.read[topic, number] = len(log)
            log += latest.values()

    def compacted(self) -> list[tuple[str, bytes]]:
        """Keys and values of all that stays in compacted topics for ever."""
        return [
            (key, latest.value)
            for topic, records in self.latest.items()
            if topic != CONTACT_ALERTS
            for key, latest in records.items()
            if latest.value is not None
        ]

    def table(self) -> dict[bytes, bytes]:
        """All that is kept of contacts."""
        items = (item for store in self.stores.values() for item in store.items())
        return {key: value for key, value in items if not key.startswith(NO_STATES)}

    def waiting_erasures(self) -> set[str]:
        """The fragments whose person is to be forgotten, once it is known who that is."""
        kept = (each for node in self.nodes.values() if node.waiting is not None for each in node.waiting.behind)
        links = (read_link(each.key, each.value) for each in kept)
        return {link.fragment for link in links if isinstance(link, FragmentErasure)}

    def _fold(self, log: Log, chunk: list[Fetched]) -> None:
        topic, number = log
        states = self._states(number)
        done = fold_chunk(
            topic,
            states,
            chunk,
            RecordBuilder(number, self.partitions, self.generation),
            self.clock,
            policy=self.policy,
            progress=InputProgress(
                self.read[INTERACTIONS, number],
                len(self.logs[INTERACTIONS, number]),
                is_of_backlog(len(chunk), CHUNK_RECORDS),
            ),
        )
        assert not done.refusals
        changes: Mapping[bytes, ContactState | None] = done.effects.changes
        encoded = {key: None if state is None else encode(state) for key, state in changes.items()}
        encoded |= {BESIDE + key: value for key, value in done.effects.beside.items()}
        states.commit(changes, encoded, Position("topic", 1, 0))
        for output in done.effects.outputs:
            self.publish(output)

    def _states(self, number: int) -> States[ContactState]:
        if not self.is_warm:
            return States(self.stores[number], Codec(encode, decode), RecentStates(0))
        if number not in self.at_hand:
            codec = Codec(encode, decode, give_up)
            self.at_hand[number] = States(self.stores[number], codec, RecentStates(1 << 20))
        return self.at_hand[number]

    def _link(self, chunk: list[Fetched]) -> None:
        heard = []
        for record in chunk:
            link = read_link(record.key, record.value)
            assert not isinstance(link, Refusal)
            heard.append(identity.LinkRecord(link, record.offset, 0))
        folding = identity.IdentityFold(self._nodes, CROWD)
        folding.take(heard)
        for name, node in folding.changes.items():
            if node is None:
                self.nodes.pop(name, None)
            else:
                self.nodes[name] = node
        for told in folding.roofs:
            version = (self.generation << GENERATION_BITS) + told.version
            value = (
                None
                if told.roof is None
                else write_canonical_id(CanonicalId(told.roof, version, told.erased, asks=told.asks))
            )
            headers = [("version", b"%d" % version)]
            self.publish(Output(CONTACT_ROOFS, self.partition_of(told.node), told.node.encode(), value, headers))

    def _nodes(self, names: Collection[str]) -> dict[str, identity.Node | None]:
        return {name: self.nodes.get(name) for name in names}

    def publish(self, output: Output) -> None:
        """Have it read by whoever reads that topic."""
        assert output.topic != DEAD_LETTERS
        assert output.key is not None
        key, headers = output.key.decode(), dict(output.headers)
        if output.topic == EXPERIMENT_PARTIALS:
            self.partials.append(output)
            return
        if output.topic == SEGMENT_CHANGES:
            self.changes.append(output)
            return
        if output.topic == SEGMENT_COUNTS:
            self.counts[key, output.partition] = Latest(output.value, headers)
            return
        if output.topic in (CONTACT_STATE, CONTACT_LINKS):
            self._expect_a_newer_version(key, headers)
        if output.topic == CONTACT_ALERTS:
            alert = orjson.loads(output.value or b"")
            assert alert["alert_id"] not in {each["alert_id"] for each in self.alerts}
            self.alerts.append(alert)
        self.latest[output.topic][key] = Latest(output.value, headers)
        if output.topic in (*SOURCES, IDENTITY_LINKS):
            self._append(output, 0)
        else:
            assert output.partition == self.partition_of(key)

    def _expect_a_newer_version(self, key: str, headers: Mapping[str, bytes | None]) -> None:
        version = int(headers["version"] or b"")
        for topic in (CONTACT_STATE, CONTACT_LINKS):
            if key in self.latest[topic]:
                assert version > int(self.latest[topic][key].headers["version"] or b"")

    def _append(self, output: Output, at: int) -> None:
        log_of = output.topic, output.partition
        log = self.logs[log_of]
        log.append(Fetched(len(log), output.value, output.key, tuple(output.headers), at, *log_of))

    def profiles(self) -> dict[str, dict[str, JSON]]:
        """What `contact-state` shows, without versions."""
        shown = {}
        for key, latest in self.latest[CONTACT_STATE].items():
            if isinstance(value := latest.json, dict):
                assert value.pop("version") == int(latest.headers["version"] or b"")
                shown[key] = value
        return shown

    def merged(self) -> dict[str, JSON]:
        """What `contact-links` shows."""
        links = {key: latest.json for key, latest in self.latest[CONTACT_LINKS].items()}
        return {key: value["merged_into"] for key, value in links.items() if isinstance(value, dict)}

    def closed(self) -> dict[str, JSON]:
        """What `contact-suppressions` shows."""
        found = {key: latest.json for key, latest in self.latest[CONTACT_SUPPRESSIONS].items()}
        return {key: value for key, value in found.items() if value is not None}

    def reasons(self) -> dict[str, str]:
        """Why the null records of `contact-state` are null."""
        nulls = {key: latest for key, latest in self.latest[CONTACT_STATE].items() if latest.value is None}
        return {key: (latest.headers["reason"] or b"").decode() for key, latest in nulls.items()}


def asking(table: Mapping[bytes, bytes]) -> set[str]:
    """Of the fragments in it, those that ask to have their person forgotten."""
    return {
        key.decode()
        for key, value in table.items()
        if b"/" not in key and not key.startswith(NO_STATES) and place_of(decode(value)).asked is not None
    }
