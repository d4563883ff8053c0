"""Readers of dials, compiled once for a set of segments: from a person and a time to the bits that are not ruled out.

A reading is those bits with the first time (ms) at which they may be others though nothing has happened, or `NEVER`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
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
    series_reader,
    times_reader,
    word_reader,
)
from streams.domain.segments.person import Person

Reading: TypeAlias = tuple[int, int]
"""Bits that are not ruled out, and until when (ms) that is so."""

Masks: TypeAlias = tuple[int, ...]
"""For each position of a dial the bits that it does not rule out."""


_REMEMBERED = 4_096
"""Combinations of words whose bits are remembered, some hundred bytes each."""


class Reader(Protocol):
    """What reads some dials of one subject. `blank`: the bits that are left where nothing of it is known."""

    blank: int

    def read(self, person: Person, at: int) -> Reading:
        """What is read of a person at a time (ms)."""


class PartReader:
    """Reads all dials of one part of a subject, and none of them where nothing of the subject is known.

    `in_all_windows`: the mask of somebody who was seen within all windows, if nobody else has it; None for other
    subjects. `quickest`: as `read`, without a look at whether anything is known where a reader finds that as fast.
    """

    def __init__(self, subject: Subject, part: str, readers: Iterable[Reader]) -> None:
        self.subject = subject
        self.part = part
        self._is_silent = _SILENT.get(subject)
        self._first, *self._others = readers
        self._blank = all_bits_of(reader.blank for reader in (self._first, *self._others)), NEVER
        self.in_all_windows = self._first.in_all_windows if isinstance(self._first, SeenReader) else None
        is_cheap = not self._others and subject in _CHEAP
        self.quickest: Callable[[Person, int], Reading] = self._first.read if is_cheap else self.read

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        if self._is_silent is not None and self._is_silent(person):
            return self._blank
        found = self._first.read(person, at)
        for reader in self._others:
            mask, due = reader.read(person, at)
            found = found[0] & mask, min(found[1], due)
        return found


_SILENT: dict[Subject, Callable[[Person], bool]] = {
    "gifts": lambda person: not (person.found.gifts or person.found.refunds),
    "reports": lambda person: not person.found.reports,
    "touches": lambda person: not person.known.touches,
    "mails": lambda person: not person.known.touches,
    "opens": lambda person: person.has_no_acts,
    "clicks": lambda person: person.has_no_acts,
    "consents": lambda person: not person.found.consents,
    "ballots": lambda person: not person.found.ballots,
    "rolls": lambda person: not person.found.origins,
    "experiments": lambda person: not person.known.assigned,
}

_CHEAP = frozenset({"touches", "mails", "seen", "zones"})

NumberMasks: TypeAlias = tuple[NumberDial, Scale, Masks]
_Window: TypeAlias = tuple[int | None, tuple[int, ...], Masks, int]
"""A window (ms), the cut points, the masks between them, and the mask at 0."""


def _windows(dials: Iterable[NumberMasks], source: Source) -> tuple[_Window, ...]:
    """The windows of one source, the shortest first."""
    found = [
        (dial.window, scale.cuts, masks, masks[bisect_right(scale.cuts, 0)])
        for dial, scale, masks in dials
        if dial.source == source and isinstance(scale, NumberScale)
    ]
    return tuple(sorted(found, key=lambda each: NEVER if each[0] is None else each[0]))


class CountReader:
    """Reads how often something was in each window, of several sources at once.

    The number is at another position when the last of those leaves that it takes for the cut point below it.
    """

    def __init__(self, dials: Sequence[NumberMasks]) -> None:
        windows = [(source, _windows(dials, source)) for source in sources_of(dials)]
        most = max(cut for _, of in windows for _, cuts, _, _ in of for cut in (1, *cuts))
        self._sources = tuple(
            (times_reader(source, most), all_bits_of(each[3] for each in of), of) for source, of in windows
        )
        self.blank = all_bits_of(silent for _, silent, _ in self._sources)

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        mask, due = -1, NEVER
        for read, silent, windows in self._sources:
            times = read(person)
            if not times:
                mask &= silent
                continue
            number = len(times)
            latest = times[-1]
            for window, cuts, masks, at_none in windows:
                if window is None:
                    mask &= masks[bisect_right(cuts, number)]
                    continue
                since = at - window
                if latest <= since:
                    mask &= at_none
                    continue
                position = bisect_right(cuts, number - bisect_right(times, since))
                mask &= masks[position]
                if position and (least := cuts[position - 1]) > 0 and (leaves := times[number - least] + window) < due:
                    due = leaves
        return mask, due


class SumReader:
    """Reads what a series adds up to in each window."""

    def __init__(self, dials: Sequence[NumberMasks]) -> None:
        sources = sources_of(dials)
        self._series = tuple((series_reader(source), _windows(dials, source)) for source in sources)
        self.blank = all_bits_of(each[3] for _, windows in self._series for each in windows)

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        mask, due = -1, NEVER
        for series_of, windows in self._series:
            series = series_of(person)
            times, totals = series
            for window, cuts, masks, _ in windows:
                first = 0 if window is None else bisect_right(times, at - window)
                position = bisect_right(cuts, totals[first])
                mask &= masks[position]
                if window is not None and first < len(times) and times[first] + window < due:
                    due = _leaving(series, first, window, due, (cuts, position))
        return mask, due


def sources_of(dials: Iterable[NumberMasks]) -> list[Source]:
    """The different sources of dials, in their order."""
    return list(dict.fromkeys(dial.source for dial, _, _ in dials))


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


class SeenReader:
    """Reads how long ago the first or the last interaction was: in which windows it is, the longer ones first."""

    def __init__(self, dials: Sequence[NumberMasks]) -> None:
        windows = _windows(dials, dials[0][0].source)
        self._is_first = dials[0][0].source.what == "first"
        self._windows = tuple(window or 0 for window, _, _, _ in windows)
        self.masks = tuple(
            all_bits_of(masks[place >= outside] for place, (_, _, masks, _) in enumerate(windows))
            for outside in range(len(windows) + 1)
        )
        self.blank = self.masks[-1]
        self.in_all_windows = self.masks[0] if self.masks[0] not in self.masks[1:] else None

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        time = person.first_seen if self._is_first else person.last_seen
        if time is None:
            return self.blank, NEVER
        outside = bisect_right(self._windows, at - time)
        due = time + self._windows[outside] if outside < len(self._windows) else NEVER
        return self.masks[outside], due


def position_of(scale: Scale) -> Callable[[Word], int]:
    """The position of a word, found at once."""
    if isinstance(scale, WordScale):
        places = {word: scale.position(word) for word in scale.words}
        return lambda word: places.get(word, 0)
    if isinstance(scale, PrefixScale):
        return scale.position
    raise TypeError(type(scale).__name__)


class WordsReader:
    """Reads words, over which time has no power. Many people have the same ones, so their bits are remembered."""

    def __init__(self, dials: Sequence[tuple[WordDial, Scale, Masks]]) -> None:
        self._words = [word_reader(dial.source) for dial, _, _ in dials]
        masks = [(position_of(scale), masks) for _, scale, masks in dials]

        @lru_cache(maxsize=_REMEMBERED)
        def mask_of(*words: Word) -> int:
            return all_bits_of(of[position(word)] for word, (position, of) in zip(words, masks, strict=True))

        self._mask_of = mask_of
        self.blank = all_bits_of(of[0] for _, of in masks)

    def read(self, person: Person, at: int) -> Reading:
        """See `Reader`."""
        return self._mask_of(*[word(person) for word in self._words]), NEVER


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
