"""The fast way to tell who is in which segment: it costs what there is to read of a person, not how many segments.

All segments of a plan are laid out as alternatives (`alternatives`), each a bit. For every dial and each of its
positions a mask holds the bits of all alternatives that are not ruled out there; those of a person are the AND of the
masks at which the person's dials are. Of `matching.matches` it is the faster twin, held to it by a law.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from events.registry import ARRIVALS, SPECS
from streams.domain.contact.person_view import Overview
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import NEVER, ContactState, Fact
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.alternatives import Alternative, Scales, TooManyAlternatives, alternatives
from streams.domain.segments.conditions import Condition, Node
from streams.domain.segments.dials import ALWAYS, Dial, NumberDial, Setting, Subject, scale_of, setting_of, types_read
from streams.domain.segments.person import Person
from streams.domain.segments.readers import (
    ChannelReader,
    Reader,
    Reading,
    SeriesReader,
    SubjectReader,
    WordReader,
)
from streams.domain.segments.resolution import Segment, leaves

Holds = Callable[[int], bool]


class PersonReadings(Struct, frozen=True):
    """What a plan has read of a person. `answer`: the segments that the person is in, as bits.

    `due`: the first time (ms) at which another answer may be due though nothing has happened, or `NEVER`. `subjects`:
    the readings of each subject, so that the next time only what has changed is read again.
    """

    answer: int
    due: int
    subjects: tuple[Reading, ...]


class MatchingPlan:
    """A set of segments, compiled once. A segment is a bit of an answer: that of its place in `segments`.

    Times are ms and not before the clock of a person's state.
    """

    def __init__(self, segments: Mapping[str, Segment], rules: ChannelRules) -> None:
        layout = _Layout(segments)
        self.segments = layout.names
        self.places = {name: place for place, name in enumerate(layout.names)}
        self.dials = len(layout.scales.of)
        self._layers = layout.layers
        self._judged = layout.judged
        self._all = (1 << layout.size) - 1
        self._readers = tuple(_subject_readers(layout, rules))
        self._changing = _Changing([reader.subject for reader in self._readers])

    def read(self, person: Person, at: int) -> PersonReadings:
        """Read all of a person at a time."""
        return self._put_together([reader.read(person, at) for reader in self._readers])

    def read_again(self, before: PersonReadings, person: Person, at: int, stale: int) -> PersonReadings:
        """The same, where `before` was read of the same person no later; `stale`: see `stale`."""
        if not stale and at < before.due:
            return before
        return self._put_together(
            [
                reader.read(person, at) if stale >> place & 1 or known[1] <= at else known
                for place, (reader, known) in enumerate(zip(self._readers, before.subjects, strict=True))
            ]
        )

    def stale(self, applied: Iterable[Fact], known: Overview, before: ContactState) -> int:
        """The subjects that facts which were just folded may have changed, as bits for `read_again`.

        `known`: the person after them; `before`: the state that took them. After a link, an erasure, or a part that
        came or left, read all anew.
        """
        found = 0
        for fact in applied:
            found |= self._changing.by(fact, known, before)
        return found

    def _put_together(self, subjects: Sequence[Reading]) -> PersonReadings:
        found, due = self._all, NEVER
        for mask, until in subjects:
            found &= mask
            due = min(due, until)
        answer = 0
        for offset, layer in self._layers:
            answer |= (found >> offset) & layer
        for bit, holds in self._judged:
            if holds(found):
                answer |= bit
        return PersonReadings(answer, due, tuple(subjects))

    def names(self, answer: int) -> list[str]:
        """The ids of the segments in an answer, in the order of their places."""
        found = []
        while answer:
            lowest = answer & -answer
            found.append(self.segments[lowest.bit_length() - 1])
            answer ^= lowest
        return found

    def bits(self, names: Iterable[str]) -> int:
        """The answer that holds these segments; those that are not in the plan are left out."""
        return sum(1 << self.places[name] for name in set(names) if name in self.places)


class _Wanted(Struct, frozen=True):
    """Bits of which a dial has to be at certain positions."""

    bit: int
    positions: int


class _Layout:
    """Where the alternatives of each segment lie among the bits.

    The segments with most alternatives have the first places. The first alternatives of all of them come first, at
    their segments' own places, then all second ones, and so on: to put the alternatives of each segment together is
    one shift for each layer. Of a segment that would have too many, each condition is a bit, and the segment is judged
    by itself.
    """

    def __init__(self, segments: Mapping[str, Segment]) -> None:
        self.scales = _scales(segments.values())
        self.wanted: dict[Dial, list[_Wanted]] = defaultdict(list)
        found: dict[str, Sequence[Alternative]] = {}
        complex_ones: list[Segment] = []
        for name in sorted(segments):
            try:
                found[name] = alternatives(segments[name].conditions, self.scales)
            except TooManyAlternatives:
                complex_ones.append(segments[name])
        order = sorted(found, key=lambda name: (-len(found[name]), name))
        self.names = (*order, *(segment.id for segment in complex_ones))
        self.size = 0
        self.layers = tuple(self._layer(order, found))
        self.judged = tuple(
            (1 << (len(order) + number), self._judge(segment.conditions, yes=True))
            for number, segment in enumerate(complex_ones)
        )

    def _layer(self, order: Sequence[str], found: Mapping[str, Sequence[Alternative]]) -> Iterable[tuple[int, int]]:
        for number in range(max(map(len, found.values()), default=0)):
            members = [name for name in order if len(found[name]) > number]
            yield self.size, (1 << len(members)) - 1
            for name in members:
                for dial, positions in found[name][number].items():
                    self.wanted[dial].append(_Wanted(self.size, positions))
                self.size += 1

    def _judge(self, node: Node, *, yes: bool) -> Holds:
        if isinstance(node, Condition):
            dial, positions = self.scales.wanted(node, yes=yes)
            bit = self.size
            self.wanted[dial].append(_Wanted(bit, positions))
            self.size += 1
            return lambda found: bool(found >> bit & 1)
        each = [self._judge(part, yes=yes) for part in node.all]
        each += [self._judge(part, yes=not yes) for part in node.none]
        some = [self._judge(part, yes=yes) for part in node.any]
        if yes:
            return lambda found: all(one(found) for one in each) and (not some or any(one(found) for one in some))
        return lambda found: any(one(found) for one in each) or (bool(some) and all(one(found) for one in some))

    def masks(self, dial: Dial) -> tuple[int, ...]:
        """For each position of a dial the bits that it does not rule out."""
        everything = (1 << self.size) - 1
        found = [everything] * self.scales.of[dial].everywhere.bit_length()
        for wanted in self.wanted[dial]:
            for position in range(len(found)):
                if not wanted.positions >> position & 1:
                    found[position] ^= 1 << wanted.bit
        return tuple(found)


def _scales(segments: Iterable[Segment]) -> Scales:
    settings: dict[Dial, set[Setting]] = defaultdict(set)
    for segment in segments:
        for leaf in leaves(segment.conditions):
            setting = setting_of(leaf)
            settings[setting.dial].add(setting)
    return Scales({dial: scale_of(dial, wanted) for dial, wanted in settings.items()})


def _subject_readers(layout: _Layout, rules: ChannelRules) -> Iterator[SubjectReader]:
    dials: dict[Subject, list[Dial]] = defaultdict(list)
    for dial in layout.wanted:
        dials[dial.source.subject].append(dial)
    for subject, those in dials.items():
        yield SubjectReader(subject, _readers(layout, those, rules))


def _readers(layout: _Layout, dials: Iterable[Dial], rules: ChannelRules) -> Iterator[Reader]:
    series = []
    for dial in dials:
        scale, masks = layout.scales.of[dial], layout.masks(dial)
        if isinstance(dial, NumberDial):
            series.append((dial, scale, masks))
        elif dial.source.subject == "channels":
            yield ChannelReader(dial, scale, masks, rules)
        else:
            yield WordReader(dial, scale, masks)
    if series:
        yield SeriesReader(series)


class _Changing:
    """Which subjects, as bits, an interaction may change."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        bits = {subject: 1 << place for place, subject in enumerate(subjects)}
        self._everything = (1 << len(subjects)) - 1
        self._by_type: dict[str, int] = {}
        for spec in SPECS:
            read = (bit for subject, bit in bits.items() if spec.name in types_read(subject))
            self._by_type[spec.name] = self._everything if spec.name in ALWAYS else sum(read)
        self._zones, self._experiments = bits.get("zones", 0), bits.get("experiments", 0)
        self._channels, self._seen = bits.get("channels", 0), bits.get("seen", 0)
        self._acts = bits.get("opens", 0) | bits.get("clicks", 0)

    def by(self, fact: Fact, known: Overview, before: ContactState) -> int:
        found = self._by_type[fact.type] | self._seen
        if fact.zones is not None:
            found |= self._zones
        if fact.arm is not None:
            found |= self._experiments
        if fact.carried != 0 or not (before.facts or before.settled.totals.counts):
            found |= self._channels  # it may name an address
        if found & self._acts and fact.type in ARRIVALS and not _is_acted_upon(fact, known):
            found &= ~self._acts
        return found


def _is_acted_upon(arrival: Fact, known: Overview) -> bool:
    said = arrival.detail
    return isinstance(said, Message) and any(act.message_id == said.message_id for act, _ in known.acts)
