"""The fast way to tell who is in which segment: it costs what there is to read of a person, not how many segments.

All segments of a plan are laid out as alternatives (`alternatives`), each a bit. For every dial and each of its
positions a mask holds the bits of all alternatives that are not ruled out there; those of a person are the AND of the
masks at which the person's dials are. Of `matching.matches` it is the faster twin, held to it by a law.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from streams.domain.contact.state import NEVER, ContactState, Fact
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.alternatives import Alternative, Scales, TooManyAlternatives, alternatives
from streams.domain.segments.conditions import Condition, Node
from streams.domain.segments.dials import (
    ALWAYS,
    Dial,
    NumberDial,
    Setting,
    Subject,
    scale_of,
    setting_of,
    types_read,
)
from streams.domain.segments.person import Person
from streams.domain.segments.readers import ChannelReader, Reader, SeriesReader, WordReader, is_silent
from streams.domain.segments.resolution import Segment, leaves

Holds = Callable[[int], bool]


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
        self._subjects = tuple(_subjects(layout, rules))
        read = [types_read(dial.source) for dial in layout.scales.of]
        self.types = frozenset(ALWAYS.union(*read))
        self._carried = {dial.source.subject for dial in layout.scales.of}

    def match(self, person: Person, at: int) -> int:
        """The segments that a person is in at a time, as bits."""
        found = self._all
        for subject, blank, readers in self._subjects:
            if is_silent(subject, person):
                found &= blank
            else:
                for reader in readers:
                    found &= reader.mask(person, at)
        answer = 0
        for offset, layer in self._layers:
            answer |= (found >> offset) & layer
        for bit, holds in self._judged:
            if holds(found):
                answer |= bit
        return answer

    def due(self, person: Person, at: int) -> int:
        """The first time after `at` at which an answer may be another one though nothing has happened; or `NEVER`."""
        return min(
            (
                reader.due(person, at)
                for subject, _, readers in self._subjects
                if not is_silent(subject, person)
                for reader in readers
            ),
            default=NEVER,
        )

    def may_change(self, applied: Iterable[Fact], before: ContactState) -> bool:
        """False: interactions that were just folded surely leave all answers as they were, at a time before `due`.

        `before`: the state that took them. After a link, an erasure, or a part that came or left, do not ask.
        """
        if "seen" in self._carried:
            return True
        return any(fact.type in self.types or self._is_read(fact, before) for fact in applied)

    def _is_read(self, fact: Fact, before: ContactState) -> bool:
        """Whether a fact carries what no type tells: zones, a variant, an identifier."""
        read = self._carried
        if fact.zones is not None and "zones" in read:
            return True
        if fact.arm is not None and "experiments" in read:
            return True
        names = fact.carried != 0 or not (before.facts or before.settled.totals.counts)
        return names and "channels" in read

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


def _subjects(layout: _Layout, rules: ChannelRules) -> Iterable[tuple[Subject, int, tuple[Reader, ...]]]:
    """For each subject what is left of a person of whom nothing of it is known, and the readers of the others."""
    dials: dict[Subject, list[Dial]] = defaultdict(list)
    for dial in layout.wanted:
        dials[dial.source.subject].append(dial)
    for subject, those in dials.items():
        readers = tuple(_readers(layout, those, rules))
        blank = (1 << layout.size) - 1
        for reader in readers:
            blank &= reader.blank
        yield subject, blank, readers


def _readers(layout: _Layout, dials: Iterable[Dial], rules: ChannelRules) -> Iterable[Reader]:
    series: dict[object, list[NumberDial]] = defaultdict(list)
    for dial in dials:
        if isinstance(dial, NumberDial):
            series[dial.source].append(dial)
        elif dial.source.subject == "channels":
            yield ChannelReader(dial, layout.scales.of[dial], layout.masks(dial), rules)
        else:
            yield WordReader(dial, layout.scales.of[dial], layout.masks(dial))
    for those in series.values():
        yield SeriesReader(those, [layout.scales.of[dial] for dial in those], [layout.masks(dial) for dial in those])
