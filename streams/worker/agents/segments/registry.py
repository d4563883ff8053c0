"""The segments of a partition of contacts: definitions, how many are members, the backfill, and the time that has come.

It is decoded once and then at hand for as long as the partition is not opened again (`States.memory`); whatever is
changed in it goes into the transaction of the chunk that changes it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.domain.contact import ContactState
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import Policy
from streams.domain.segments.compiled_segments import read_definition
from streams.engine.decoded_states import States
from streams.worker.agents.segments.compiling import compiled_under
from streams.worker.agents.segments.records import membership_head
from streams.worker.agents.segments.tallies import Tally, read_tally, write_tally
from streams.worker.agents.segments.timers import Timers

DEFINITIONS = b"segments/definition/"
_UNREAD = b"segments/unread/"
_NAME = b"segments/name/"
_COUNT = b"segments/count/"
_SWEEP = b"segments/sweep"
_TIME = b"segments/time"
_VERSION = b"segments/version"
_OF = b"segments/of/"
_MEMORY = "segments"

_Value = TypeVar("_Value")


class Sweep(Struct, frozen=True, array_like=True):
    """A backfill: everybody behind `after` is still to be judged anew, since segments have `changed`.

    `number`: how many there were before; a record that drives another one moves nothing. `again`: segments that have
    changed meanwhile, for which everybody is judged once more afterwards. Of both, None is all of them.
    """

    number: int
    after: bytes = b""
    changed: tuple[str, ...] | None = ()
    again: tuple[str, ...] | None = ()

    @property
    def is_under_way(self) -> bool:
        """Whether anybody is judged anew."""
        return self.changed != ()


class PartitionTime(Struct, frozen=True, array_like=True):
    """Up to which moment everything that was appended to `interactions` is folded (`now`, ms; 0: not known yet).

    `ahead`: moments that come once `interactions` are folded up to an offset, (offset, moment); the first one told and
    the last one. `is_firing`: a record is under way that has those judged who are due.
    """

    now: int = 0
    ahead: tuple[tuple[int, int], ...] = ()
    is_firing: bool = False


_encode = msgspec.msgpack.Encoder().encode
_read_name = msgspec.msgpack.Decoder(tuple[str, str]).decode
_read_sweep = msgspec.msgpack.Decoder(Sweep).decode
_read_time = msgspec.msgpack.Decoder(PartitionTime).decode


class SegmentRegistry:
    """What a partition knows of segments. `names`: segment and edition by number; `tallies`: by segment.

    `definitions`: by segment the one that is gone by; `unread`: one that came later and this version cannot read, which
    is gone by once a version can.
    `compiled`: what people are judged by now, and `epoch`: another object whenever that has become another. `bits`: the
    bit in its answers of each number whose segment it has; `heads`: how a membership of each number is written.
    `swept`: the segments for which somebody is judged anew whom the backfill has still to come by; None is all of them.
    `timers`: of those to be judged again. `version`: the last one given to anything that was told of a contact.
    """

    def __init__(self, states: States[ContactState], policy: Policy) -> None:
        self.definitions = dict(_all(states, DEFINITIONS))
        self.unread = dict(_all(states, _UNREAD))
        self.names = {int(number): _read_name(value) for number, value in _all(states, _NAME)}
        self.tallies = {name: read_tally(value) for name, value in _all(states, _COUNT)}
        self.sweep = _one(states.beside(_SWEEP), _read_sweep, Sweep(0))
        self.swept = _swept(self.sweep)
        self.time = _one(states.beside(_TIME), _read_time, PartitionTime())
        self.version = _one(states.beside(_VERSION), int, 0)
        self.timers = Timers(states)
        self.compiled = compiled_under({}, policy)
        self.epoch = object()
        self.policy: Policy | None = None
        self._numbers = {name: number for number, name in self.names.items()}
        self.heads = {number: membership_head(*name) for number, name in self.names.items()}
        self.bits: dict[int, int] = {}
        self._beside: dict[bytes, bytes | None] = {}
        self._counted: set[str] = set()
        self._withdrawn: set[str] = set()

    def begin(self) -> None:
        """Begin a chunk, with nothing to be written yet."""
        if self.is_changed:
            self._beside = {}
            self._counted = set()
            self.timers.begin()

    @property
    def is_changed(self) -> bool:
        """Whether anything is to be written."""
        return bool(self._beside or self._counted or self.timers.beside)

    @property
    def is_asked(self) -> bool:
        """Whether anybody can be in a segment, or is still to be let go of."""
        return bool(self.compiled.segments) or self.sweep.is_under_way

    @property
    def is_used(self) -> bool:
        """Whether anybody may ever have been told to be in a segment."""
        return bool(self.tallies or self.names)

    def define(self, segment: str, value: bytes | None) -> None:
        """Keep a definition, or forget it; `go_by` makes it count."""
        if self.unread.pop(segment, None) is not None:
            self._beside[_UNREAD + segment.encode()] = None
        if value is None:
            self.definitions.pop(segment, None)
            self._withdrawn.add(segment)
        else:
            self.definitions[segment] = value
        self._beside[DEFINITIONS + segment.encode()] = value

    def lays_by(self, segment: str, value: bytes) -> None:
        """Keep a definition that cannot be read; until it can be, the former one is gone by."""
        self.unread[segment] = value
        self._beside[_UNREAD + segment.encode()] = value

    def go_by(self, policy: Policy) -> set[str]:
        """Judge by the definitions under this policy from now on. Returns the segments of which that is new.

        One that was withdrawn since the last time and defined again is new, whatever it says.
        """
        self.policy = policy
        for name, value in list(self.unread.items()):
            if not isinstance(read_definition(value), FileMistakes):
                self.define(name, value)
        self.compiled = compiled_under(self.definitions, policy)
        editions = {name: segment.edition for name, segment in self.compiled.segments.items()}
        changed = {name for name, edition in editions.items() if not self._counts(name, edition)}
        gone = {name for name in self.tallies.keys() - editions.keys() if self.tallies[name].state != "withdrawn"}
        for name in changed:
            known = self.tallies.get(name)
            self.tally(name, Tally(editions[name], "filling", known.members if known else 0))
        for name in gone:
            self.tally(name, replace(self.tallies[name], state="withdrawn"))
        self._withdrawn = set()
        self.epoch = object()
        places = self.compiled.plan.places
        self.bits = {number: 1 << places[name] for number, (name, _) in self.names.items() if name in places}
        return changed | gone

    def tally(self, segment: str, tally: Tally | None) -> None:
        """Keep how many are in a segment; None: it is counted no more."""
        if tally is None:
            del self.tallies[segment]
        else:
            self.tallies[segment] = tally
        self._counted.add(segment)

    def counts(self, segment: str) -> Tally:
        """How many are in a segment, to be counted on."""
        self._counted.add(segment)
        return self.tallies[segment]

    def answer(self, numbers: Iterable[int]) -> int:
        """The segments of these numbers as an answer of the plan, without those that are withdrawn."""
        found, bits = 0, self.bits
        for number in numbers:
            found |= bits.get(number, 0)
        return found

    def ruled_out(self, numbers: Iterable[int], answer: int) -> list[int]:
        """Those of these numbers whose segments are not in an answer of the plan."""
        bits = self.bits
        return [number for number in numbers if not bits.get(number, 0) & answer]

    def number(self, segment: str) -> int:
        """The number of a segment with its edition of now."""
        name = segment, self.compiled.segments[segment].edition
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = max(self.names, default=0) + 1
            self.names[number] = name
            self.heads[number] = membership_head(*name)
            self.bits[number] = 1 << self.compiled.plan.places[segment]
            self._beside[_NAME + b"%d" % number] = _encode(name)
        return number

    def next_version(self) -> int:
        """A version that is greater than all before."""
        self.version += 1
        self._beside[_VERSION] = b"%d" % self.version
        return self.version

    def sweeps(self, sweep: Sweep) -> None:
        """Keep this backfill as the one under way."""
        if (sweep.changed, sweep.again) != (self.sweep.changed, self.sweep.again):
            self.swept = _swept(sweep)
        self.sweep = sweep
        self._beside[_SWEEP] = _encode(sweep)

    def is_behind(self, contact: bytes) -> bool:
        """Whether the backfill under way has still to come by somebody."""
        sweep = self.sweep
        return sweep.is_under_way and (contact > sweep.after or sweep.again != ())

    def keeps_time(self, time: PartitionTime) -> None:
        """Keep what time it is."""
        if time != self.time:
            self.time = time
            self._beside[_TIME] = _encode(time)

    def changes(self) -> dict[bytes, bytes | None]:
        """All that is to be written."""
        tallies = {
            _COUNT + name.encode(): None if tally is None else write_tally(tally)
            for name, tally in self.counted.items()
        }
        return {**self._beside, **tallies, **self.timers.beside}

    @property
    def counted(self) -> Mapping[str, Tally | None]:
        """By segment what the chunk has counted anew; None: it is counted no more."""
        return {name: self.tallies.get(name) for name in sorted(self._counted)}

    def _counts(self, name: str, edition: str) -> bool:
        known = None if name in self._withdrawn else self.tallies.get(name)
        return known is not None and known.edition == edition and known.state != "withdrawn"


def restored_segments(latest: Mapping[str, bytes | None]) -> dict[bytes, bytes]:
    """What a table that is made anew keeps of segments beside its states: definitions, and that all are to be judged.

    Nothing where nothing is defined. `latest`: by segment what its partition of `segment-definitions` says; the table
    has to say as well that this is folded. So whoever judges somebody knows why, in whatever order topics are read.
    """
    kept: dict[bytes, bytes] = {}
    for segment, value in latest.items():
        if value is None:
            continue
        read = read_definition(value)
        if isinstance(read, FileMistakes):
            kept[_UNREAD + segment.encode()] = value
        elif read.id == segment:
            kept[DEFINITIONS + segment.encode()] = value
    return kept and {**kept, _SWEEP: _encode(Sweep(0, again=None))}


def segment_registry_of(states: States[ContactState], policy: Policy) -> SegmentRegistry:
    """The registry of a partition, kept in memory between chunks, with nothing to be written yet."""
    registry = cast(SegmentRegistry | None, states.memory.get(_MEMORY))
    if registry is None:
        registry = states.memory[_MEMORY] = SegmentRegistry(states, policy)
    registry.begin()
    return registry


def registry_in(memory: Mapping[str, object]) -> SegmentRegistry | None:
    """The registry that a partition has at hand; None before its first chunk."""
    return cast(SegmentRegistry | None, memory.get(_MEMORY))


def memberships_key(contact: bytes) -> bytes:
    """Where the memberships of a contact lie beside the states."""
    return _OF + contact


def both(one: Iterable[str] | None, other: Iterable[str] | None) -> tuple[str, ...] | None:
    """The segments of both; None is all of them."""
    return None if one is None or other is None else tuple(sorted({*one, *other}))


def _swept(sweep: Sweep) -> frozenset[str] | None:
    found = both(sweep.changed, sweep.again)
    return None if found is None else frozenset(found)


def _all(states: States[ContactState], prefix: bytes) -> Iterator[tuple[str, bytes]]:
    return ((key[len(prefix) :].decode(), value) for key, value in states.all_beside(prefix))


def _one(value: bytes | None, read: Callable[[bytes], _Value], without: _Value) -> _Value:
    return without if value is None else read(value)
