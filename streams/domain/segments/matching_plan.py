"""The fast way to tell who is in which segment: it costs what there is to read of a person, not how many segments.

All segments of a plan are laid out as alternatives (`alternatives`), each a bit. For every dial and each of its
positions a mask holds the bits of all alternatives that are not ruled out there; those of a person are the AND of the
masks at which the person's dials are. Of `matching.matches` it is the faster twin, held to it by a law.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from operator import and_
from typing import TypeAlias

from msgspec import Struct

from streams.domain.contact.person_view import Overview
from streams.domain.contact.state import NEVER, ContactState, Fact
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.alternatives import Alternative, Scales, TooManyAlternatives, alternatives
from streams.domain.segments.changing import Changing
from streams.domain.segments.conditions import Condition, Node
from streams.domain.segments.dials import (
    Dial,
    NumberDial,
    Scale,
    Setting,
    Subject,
    WordDial,
    is_counted,
    scale_of,
    setting_of,
)
from streams.domain.segments.person import Person
from streams.domain.segments.readers import (
    ChannelReader,
    CountReader,
    NumberMasks,
    PartReader,
    Reader,
    Reading,
    SeenReader,
    SumReader,
    WordsReader,
)
from streams.domain.segments.resolution import Segment, leaves

Holds = Callable[[int], bool]
_PlacedRead: TypeAlias = tuple[int, Callable[[Person, int], Reading]]
_REMEMBERED = 1_024
"""Sets of parts whose readers are remembered."""


class PersonReadings(Struct, frozen=True):
    """What a plan has read of a person. `answer`: the segments that the person is in, as bits.

    `due`: the first time (ms) at which another answer may be due though nothing has happened, or `NEVER`. `masks`,
    `dues`: the readings of each part, so that the next time only what has changed is read again.
    """

    answer: int
    due: int
    masks: Sequence[int]
    dues: Sequence[int]


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
        self._readers = tuple(_part_readers(layout, rules))
        self._quickest_of = _quickest_of(self._readers)
        self._latest = [
            (place, 1 << place, reader.in_all_windows)
            for place, reader in enumerate(self._readers)
            if (reader.subject, reader.part) == ("seen", "last")
        ]
        self._changing = Changing([(reader.subject, reader.part) for reader in self._readers])

    def read(self, person: Person, at: int) -> PersonReadings:
        """Read all of a person at a time."""
        found = [reader.read(person, at) for reader in self._readers]
        return self._put_together([mask for mask, _ in found], [due for _, due in found])

    def read_again(self, before: PersonReadings, person: Person, at: int, stale: int) -> PersonReadings:
        """The same, where `before` was read of the same person no later; `stale`: see `stale`.

        What is due may be earlier than if all was read, never later.
        """
        if stale == self._changing.everything:
            return self.read(person, at)
        if at >= before.due:
            stale |= sum(1 << place for place, due in enumerate(before.dues) if due <= at)
        for place, bit, in_all_windows in self._latest:  # whoever is seen again stays in all windows
            if stale & bit and before.dues[place] > at and before.masks[place] == in_all_windows:
                stale ^= bit
        if not stale:
            return before
        masks, dues = [*before.masks], [*before.dues]
        is_changed = False
        for place, read in self._quickest_of(stale):
            mask, dues[place] = read(person, at)
            if mask != masks[place]:
                masks[place] = mask
                is_changed = True
        if is_changed:
            return self._put_together(masks, dues)
        return PersonReadings(before.answer, min(dues), before.masks, dues)

    def stale(self, applied: Iterable[Fact], known: Overview, before: ContactState, after: ContactState) -> int:
        """The parts that facts which were just folded may have changed, as bits for `read_again`.

        `known`: the person after them; `before`, `after`: the state that took them. After a link, an erasure, or a part
        that came or left, read all anew.
        """
        return self._changing.by(applied, known, before, after)

    def _put_together(self, masks: Sequence[int], dues: Sequence[int]) -> PersonReadings:
        found = reduce(and_, masks, self._all)
        answer = 0
        for offset, layer in self._layers:
            answer |= (found >> offset) & layer
        for bit, holds in self._judged:
            if holds(found):
                answer |= bit
        return PersonReadings(answer, min(dues, default=NEVER), masks, dues)

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


def _part_readers(layout: _Layout, rules: ChannelRules) -> Iterator[PartReader]:
    dials: dict[tuple[Subject, str], list[Dial]] = defaultdict(list)
    for dial in layout.wanted:
        dials[dial.source.subject, dial.source.part].append(dial)
    for (subject, part), those in dials.items():
        yield PartReader(subject, part, _readers(layout, those, rules))


def _quickest_of(readers: Sequence[PartReader]) -> Callable[[int], Sequence[_PlacedRead]]:
    """Finds the parts that are given as bits, by place, and how each is read; few sets come up again and again."""

    @lru_cache(maxsize=_REMEMBERED)
    def found(parts: int) -> Sequence[_PlacedRead]:
        return [(place, reader.quickest) for place, reader in enumerate(readers) if parts >> place & 1]

    return found


def _readers(layout: _Layout, dials: Iterable[Dial], rules: ChannelRules) -> Iterator[Reader]:
    numbers: list[NumberMasks] = []
    words: list[tuple[WordDial, Scale, tuple[int, ...]]] = []
    for dial in dials:
        scale, masks = layout.scales.of[dial], layout.masks(dial)
        if isinstance(dial, NumberDial):
            numbers.append((dial, scale, masks))
        elif dial.source.subject == "channels":
            yield ChannelReader(dial, scale, masks, rules)
        else:
            words.append((dial, scale, masks))
    if words:
        yield WordsReader(words)
    yield from _number_readers(numbers)


def _number_readers(dials: Sequence[NumberMasks]) -> Iterator[Reader]:
    counts = [each for each in dials if is_counted(each[0].source)]
    sums = [each for each in dials if not is_counted(each[0].source)]
    if counts:
        yield SeenReader(counts) if counts[0][0].source.subject == "seen" else CountReader(counts)
    if sums:
        yield SumReader(sums)
