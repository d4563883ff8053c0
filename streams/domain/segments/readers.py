"""Readers of dials, compiled once for a set of segments: from a person and a time to the bits that are not ruled out.

A reading is those bits with the first time (ms) at which they may be others though nothing has happened, or `NEVER`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias, cast

from events.interactions.base import Channel
from streams.domain.contact.state import NEVER
from streams.domain.pressure.closures import ChannelRules, channel_denial
from streams.domain.segments.dials import (
    NumberDial,
    NumberScale,
    PrefixScale,
    Scale,
    Series,
    Source,
    Subject,
    Word,
    WordDial,
    WordScale,
    all_series_reader,
    word_reader,
)
from streams.domain.segments.person import Person

Reading: TypeAlias = tuple[int, int]
"""Bits that are not ruled out, and until when (ms) that is so."""

Masks: TypeAlias = tuple[int, ...]
"""For each position of a dial the bits that it does not rule out."""


class Reader(Protocol):
    """What reads some dials of one subject. `blank`: the bits that are left where nothing of it is known."""

    blank: int

    def read(self, person: Person, at: int) -> Reading:
        """What is read of a person at a time (ms)."""


class SubjectReader:
    """Reads all dials of one subject, and none of them where nothing of the subject is known."""

    def __init__(self, subject: Subject, readers: Iterable[Reader]) -> None:
        self.subject = subject
        self._is_silent = _SILENT.get(subject)
        self._readers = tuple(readers)
        self._blank = all_bits_of(reader.blank for reader in self._readers), NEVER

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        if self._is_silent is not None and self._is_silent(person):
            return self._blank
        mask, due = -1, NEVER
        for reader in self._readers:
            bits, until = reader.read(person, at)
            mask &= bits
            due = min(due, until)
        return mask, due


_SILENT: dict[Subject, Callable[[Person], bool]] = {
    "gifts": lambda person: not (person.found.gifts or person.found.refunds),
    "reports": lambda person: not person.found.reports,
    "touches": lambda person: not person.known.touches,
    "mails": lambda person: not person.known.touches,
    "opens": lambda person: person.has_no_acts,
    "clicks": lambda person: person.has_no_acts,
    "consents": lambda person: not person.found.consents,
    "ballots": lambda person: not person.found.ballots,
    "experiments": lambda person: not person.known.assigned,
}


class SeriesReader:
    """Reads the series of one subject, each for all windows in which it is asked for."""

    def __init__(self, dials: Sequence[tuple[NumberDial, Scale, Masks]]) -> None:
        sources = list(dict.fromkeys(dial.source for dial, _, _ in dials))
        self._read_all = all_series_reader(sources)
        self._dials = tuple(tuple(_windows(dials, source)) for source in sources)
        self._silent = tuple(all_bits_of(masks[bisect_right(cuts, 0)] for _, cuts, masks in of) for of in self._dials)
        self.blank = all_bits_of(self._silent)

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        mask, due = -1, NEVER
        for place, (times, totals) in enumerate(self._read_all(person)):
            if not times and not totals[0]:
                mask &= self._silent[place]
                continue
            for window, cuts, masks in self._dials[place]:
                if window is None:
                    mask &= masks[bisect_right(cuts, totals[0])]
                    continue
                first = bisect_right(times, at - window)
                position = bisect_right(cuts, totals[first])
                mask &= masks[position]
                if first < len(times) and times[first] + window < due:
                    due = _leaving((times, totals), first, window, due, (cuts, position))
        return mask, due


def _windows(
    dials: Iterable[tuple[NumberDial, Scale, Masks]], source: Source
) -> Iterator[tuple[int | None, tuple[int, ...], Masks]]:
    for dial, scale, masks in dials:
        if dial.source == source and isinstance(scale, NumberScale):
            yield dial.window, scale.cuts, masks


def _leaving(series: Series, first: int, window: int, due: int, where: tuple[tuple[int, ...], int]) -> int:
    """When so much has left a window that a dial is at another position, if that is before `due`."""
    times, totals = series
    cuts, position = where
    end = len(times)
    while first < end:
        time = times[first]
        if time + window >= due:
            break
        first += 1
        if first < end and times[first] == time:
            continue
        if bisect_right(cuts, totals[first]) != position:
            return time + window
    return due


def position_of(scale: Scale) -> Callable[[Word], int]:
    """The position of a word, found at once."""
    if isinstance(scale, WordScale):
        places = {word: scale.position(word) for word in scale.words}
        return lambda word: places.get(word, 0)
    if isinstance(scale, PrefixScale):
        return scale.position
    raise TypeError(type(scale).__name__)


class WordReader:
    """Reads one word, over which time has no power."""

    def __init__(self, dial: WordDial, scale: Scale, masks: Masks) -> None:
        self._read = word_reader(dial.source)
        self._position = position_of(scale)
        self._masks = masks
        self.blank = masks[0]

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        return self._masks[self._position(self._read(person))], NEVER


class ChannelReader:
    """Reads whether a channel is open, by the rules of the contact policy."""

    def __init__(self, dial: WordDial, scale: Scale, masks: Masks, rules: ChannelRules) -> None:
        self._channel = cast(Channel, dial.source.what)
        self._rules = rules
        position = position_of(scale)
        self._open, self._closed = masks[position("open")], masks[position("closed")]
        self._is_open_to_strangers = rules.allows_unknown(self._channel) and not rules.needs_consent(self._channel)
        self.blank = self._open if self._is_open_to_strangers else self._closed

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`; a stop of everything may end by itself."""
        if self._is_open_to_strangers and person.says_nothing_of_channels:
            return self._open, NEVER
        no = channel_denial(person.openness, self._rules, self._channel, at)
        until = person.suppressed_until if person.known.state.commands else None
        due = NEVER if until is None or until <= at else until
        return self._open if no is None else self._closed, due


def all_bits_of(masks: Iterable[int]) -> int:
    """The bits that all masks have; of none all bits."""
    found = -1
    for mask in masks:
        found &= mask
    return found
