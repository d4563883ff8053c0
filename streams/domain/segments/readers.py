"""Readers of dials, compiled once for a set of segments: from a person and a time to the bits that are not ruled out.

`blank`: the bits that are left of a person of whom nothing of the subject is known.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

from events.interactions.base import Channel
from streams.domain.contact.state import NEVER
from streams.domain.pressure.closures import ChannelRules, channel_denial
from streams.domain.segments.dials import (
    NumberDial,
    NumberScale,
    PrefixScale,
    Scale,
    Subject,
    Word,
    WordDial,
    WordScale,
    series_reader,
    word_reader,
)
from streams.domain.segments.person import Person


class Reader(Protocol):
    """What reads one series or one word of a person."""

    blank: int

    def mask(self, person: Person, at: int) -> int:
        """The bits that what is read at a time (ms) does not rule out."""

    def due(self, person: Person, at: int) -> int:
        """The first time after `at` at which the mask may be another one though nothing has happened; or `NEVER`."""


def is_silent(subject: Subject, person: Person) -> bool:
    """Whether nothing of a subject is known of a person, so that all of its readers are at their `blank`."""
    known, found = person.known, person.found
    match subject:
        case "gifts":
            return not (found.gifts or found.refunds)
        case "reports":
            return not found.reports
        case "touches" | "mails":
            return not known.touches
        case "opens" | "clicks":
            totals = known.state.settled.totals
            return not found.deeds and totals.last_opened is None and totals.last_clicked is None
        case "consents":
            return not found.consents
        case "ballots":
            return not found.ballots
        case "experiments":
            return not known.assigned
        case _:
            return False


class SeriesReader:
    """Reads one series for all windows in which it is asked for."""

    def __init__(self, dials: Sequence[NumberDial], scales: Sequence[Scale], masks: Sequence[tuple[int, ...]]) -> None:
        self._read = series_reader(dials[0].source)
        cuts = [scale.cuts for scale in scales if isinstance(scale, NumberScale)]
        self._dials = [(dial.window, *rest) for dial, rest in zip(dials, zip(cuts, masks, strict=True), strict=True)]
        self.blank = _all(of[bisect_right(cut, 0)] for _, cut, of in self._dials)

    def mask(self, person: Person, at: int) -> int:
        """See `Reader`."""
        times, totals = self._read(person)
        if not times and not totals[0]:
            return self.blank
        found = -1
        for window, cuts, masks in self._dials:
            first = 0 if window is None else bisect_right(times, at - window)
            found &= masks[bisect_right(cuts, totals[first])]
        return found

    def due(self, person: Person, at: int) -> int:
        """See `Reader`: when so much has left a window that another cut point is passed."""
        times, totals = self._read(person)
        found = NEVER
        for window, cuts, _ in self._dials:
            if window is None:
                continue
            first = bisect_right(times, at - window)
            position = bisect_right(cuts, totals[first])
            while first < len(times) and times[first] + window < found:
                leaves = times[first]
                first = bisect_right(times, leaves)
                if bisect_right(cuts, totals[first]) != position:
                    found = leaves + window
        return found


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

    def __init__(self, dial: WordDial, scale: Scale, masks: tuple[int, ...]) -> None:
        self._read = word_reader(dial.source)
        self._position = position_of(scale)
        self._masks = masks
        self.blank = masks[0]

    def mask(self, person: Person, at: int) -> int:
        """See `Reader`."""
        return self._masks[self._position(self._read(person))]

    def due(self, person: Person, at: int) -> int:
        """See `Reader`."""
        return NEVER


class ChannelReader:
    """Reads whether a channel is open, by the rules of the contact policy."""

    def __init__(self, dial: WordDial, scale: Scale, masks: tuple[int, ...], rules: ChannelRules) -> None:
        self._channel = cast(Channel, dial.source.what)
        self._rules = rules
        position = position_of(scale)
        self._open, self._closed = masks[position("open")], masks[position("closed")]
        self._is_open_to_strangers = rules.allows_unknown(self._channel) and not rules.needs_consent(self._channel)
        self.blank = self._open if self._is_open_to_strangers else self._closed

    def mask(self, person: Person, at: int) -> int:
        """See `Reader`."""
        if self._is_open_to_strangers and person.says_nothing_of_channels():
            return self._open
        no = channel_denial(person.openness, self._rules, self._channel, at)
        return self._open if no is None else self._closed

    def due(self, person: Person, at: int) -> int:
        """See `Reader`: when the stop of everything ends by itself."""
        if not person.known.state.commands:
            return NEVER
        until = person.suppressed_until
        return NEVER if until is None or until <= at else until


def _all(masks: Iterable[int]) -> int:
    found = -1
    for mask in masks:
        found &= mask
    return found
