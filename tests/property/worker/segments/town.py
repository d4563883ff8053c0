"""A world in which segments are defined: after every transaction what was told of them has to agree."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from events.json_types import JSON
from events.topics import CONTACT_SEGMENTS, INTERACTIONS, SEGMENT_DEFINITIONS
from streams.domain.contact import ContactState, decode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.definition_files import definition_json
from streams.domain.segments.matching import matches
from streams.domain.segments.memberships import PersonMemberships, read_memberships
from streams.domain.segments.person import Person, whole_person
from streams.domain.segments.resolution import resolve
from streams.engine.decoded_states import BESIDE
from streams.engine.store import Position, Store
from streams.engine.writer import Output
from streams.worker.agents.segments.records import Tick, tick_record, work_record
from streams.worker.agents.segments.registry import PartitionTime, _read_time, restored_segments
from tests.property.domain.segments.definitions import Table, read
from tests.property.worker.links.world import Log, World

OF = BESIDE + b"segments/of/"
DUE = BESIDE + b"segments/due/"
TIME = BESIDE + b"segments/time"
Rows = tuple[dict[bytes, PersonMemberships], dict[bytes, int]]


@dataclass
class Town(World):
    """`held`: by contact the segments that whoever replays `segment-changes` has."""

    held: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    replayed: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    seen: dict[str, int] = field(default_factory=dict)
    moments: dict[int, list[Tick]] = field(default_factory=lambda: defaultdict(list))

    def define(self, tables: Iterable[Table]) -> None:
        """Define these segments in every partition."""
        for definition in read([*tables]):
            self._tell_all(SEGMENT_DEFINITIONS, definition.id, definition_json(definition))

    def restored(self, tables: Iterable[Table]) -> None:
        """Have every partition be of a table that was made anew where these are defined."""
        self.define(tables)
        for number in range(self.partitions):
            log = SEGMENT_DEFINITIONS, number
            latest = {(record.key or b"").decode(): record.value for record in self.logs[log]}
            kept = {BESIDE + key: value for key, value in restored_segments(latest).items()}
            self.stores[number].write(kept, Position("topic", 1, 0))
            self.read[log] = len(self.logs[log])

    def withdraw(self, names: Iterable[str]) -> None:
        """Withdraw these segments."""
        for name in names:
            self._tell_all(SEGMENT_DEFINITIONS, name, None)

    def ask(self, key: bytes, value: bytes = b"") -> None:
        """Have every partition do a piece of work."""
        for number in range(self.partitions):
            self.publish(work_record(number, key, value))

    def tick(self, at: int) -> None:
        """Send every partition a tick, of a moment up to which all was appended that its `interactions` hold now."""
        for number in range(self.partitions):
            tick = Tick(len(self.logs[INTERACTIONS, number]), at)
            self.moments[number].append(tick)
            self.publish(tick_record(number, tick))

    def work(self, log: Log, count: int) -> None:
        """Fold the next records of a partition as one chunk, after which all that is told agrees."""
        super().work(log, count)
        self.replay()
        self.agree(log[1])

    def replay(self) -> None:
        """Take the changes that are new, each of which is of a newer version of its contact."""
        for output in self.changes[self.replayed :]:
            said = orjson.loads(output.value or b"")
            name = said["contact_id"]
            assert output.key == name.encode()
            assert output.partition == self.partition_of(name)
            assert said["version"] > self.seen.get(name, 0)
            self.seen[name] = said["version"]
            self.causes[said["cause"]] += 1
            if said["cause"] == "erased":
                assert (said["entered"], said["left"]) == ([], [])
                del self.held[name]
                continue
            assert said["entered"] or said["left"]
            assert not self.held[name] & {*said["entered"]}
            assert self.held[name] >= {*said["left"]}
            self.held[name] = (self.held[name] | {*said["entered"]}) - {*said["left"]}
        self.replayed = len(self.changes)

    def agree(self, number: int) -> None:
        """What changes add up to, what `contact-segments` says, and what is stored and counted are one.

        `number`: the partition that was worked on; nothing is stored in others meanwhile.
        """
        told = self.memberships()
        assert {name: names for name, names in self.held.items() if names} == {
            name: {*names} for name, names in told.items() if names
        }
        for name, latest in self.latest[CONTACT_SEGMENTS].items():
            assert latest.headers["version"] is not None
            if name in self.seen:
                assert int(latest.headers["version"] or b"") >= self.seen[name]
        assert self.counted() == self.members()
        store = self.stores[number]
        time = PartitionTime() if (value := store.get(TIME)) is None else _read_time(value)
        folded = self.read[INTERACTIONS, number]
        assert time.now in {0, *(tick.at for tick in self.moments[number] if tick.end <= folded)}
        rows, due = rows_in(store)
        assert {name: row.due for name, row in rows.items() if row.due < 2**62} == due

    def memberships(self) -> dict[str, dict[str, JSON]]:
        """What `contact-segments` says, by contact."""
        found = {}
        for key, latest in self.latest[CONTACT_SEGMENTS].items():
            if isinstance(value := latest.json, dict):
                assert isinstance(value["segments"], dict)
                found[key] = value["segments"]
        return found

    def names(self) -> dict[str, set[str]]:
        """The segments of everybody who is in any."""
        return {name: {*of} for name, of in self.memberships().items() if of}

    def members(self) -> Counter[str]:
        """How many are in each segment, by what `contact-segments` says."""
        return +Counter(name for names in self.memberships().values() for name in names)

    def counted(self) -> Counter[str]:
        """The same by what `segment-counts` says of all partitions."""
        found: Counter[str] = Counter()
        for (segment, _), latest in self.counts.items():
            if isinstance(value := latest.json, dict):
                members = value["members"]
                assert isinstance(members, int)
                assert members >= 0
                found[segment] += members
        return +found

    def states_of_segments(self) -> dict[str, set[Any]]:
        """By segment what partitions say of how far they are, and by which edition."""
        found: dict[str, set[Any]] = defaultdict(set)
        for (segment, _), latest in self.counts.items():
            if isinstance(value := latest.json, dict):
                found[segment].add((value["state"], value["edition"]))
        return found

    def is_complete(self) -> bool:
        """Whether all partitions have judged everybody by one edition of each segment."""
        return all(len(said) == 1 and min(said)[0] == "complete" for said in self.states_of_segments().values())

    def people(self) -> dict[str, Person]:
        """Everybody who is shown, by the states that are stored."""
        table = self.table()
        found = {}
        for key, value in table.items():
            name = key.decode()
            if "/" in name:
                continue
            state = decode(value)
            person = self._person(name, state, table)
            if person is not None:
                found[name] = person
        return found

    def should_be(self, tables: Collection[Table], at: int = 0) -> dict[str, set[str]]:
        """The segments of everybody who is in any, judged by recursion at a time or the person's clock."""
        rules = channel_rules(self.policy)
        segments = resolve(read([*tables]), rules).segments
        found = {}
        for name, person in self.people().items():
            moment = max(at, person.known.state.clock)
            names = {segment for segment, one in segments.items() if matches(one, person, moment)}
            if names:
                found[name] = names
        return found

    def _person(self, name: str, state: ContactState, table: Mapping[bytes, bytes]) -> Person | None:
        place = place_of(state)
        if place.roof is not None:
            return None
        parts = {part: decode(table[f"{name}/{part}".encode()]) for part in place.parts}
        return whole_person(name, {name: state, **counting(parts, place)})

    def _rows(self) -> dict[int, Rows]:
        """By partition the memberships and the timers that are stored."""
        return {number: rows_in(store) for number, store in self.stores.items()}

    def _tell_all(self, topic: str, key: str, value: bytes | None) -> None:
        for number in range(self.partitions):
            self.publish(Output(topic, number, key.encode(), value))


def rows_in(store: Store) -> Rows:
    """The memberships and the timers that are stored in a partition, by contact; a timer is there once."""
    items = dict(store.items())
    rows = {key[len(OF) :]: read_memberships(value) for key, value in items.items() if key.startswith(OF)}
    timers = [key[len(DUE) :] for key in items if key.startswith(DUE)]
    due = {key[8:]: int.from_bytes(key[:8]) for key in timers}
    assert len(due) == len(timers)
    return rows, due
