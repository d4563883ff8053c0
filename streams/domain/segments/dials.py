"""Dials: readers of one number or one word of a person, which conditions of many segments share.

Between the cut points of a dial all answers are the same, so its reading is a position: how many cut points the number
has reached, or which of the known words it is. What is read over time is a series: the later a window begins, the less
of it is in the window.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Literal, TypeAlias, cast

from msgspec import Struct

from events.harmonised import team_of
from events.interactions.base import Channel
from streams.domain.contact.sections.human_hours import HOUR
from streams.domain.segments.condition_values import LONGEST_ACTS, THOUSANDTHS, ms
from streams.domain.segments.conditions import (
    Acts,
    BallotStatusOf,
    Bounds,
    Canvass,
    ChannelState,
    Compared,
    Condition,
    Consented,
    Gifts,
    InExperiment,
    PostalCode,
    Region,
    RollWord,
    Seen,
    Support,
    Tag,
    Touches,
    UnansweredMails,
)
from streams.domain.segments.person import Person

Item: TypeAlias = tuple[int, int]
"""A time (ms) and the number that counts then."""

Series: TypeAlias = tuple[Sequence[int], Sequence[int]]
"""Times in order, and for each of them what it and all later ones add up to; at the end 0.

What does not hang on time has no times and one total."""

Subject: TypeAlias = Literal[
    "gifts",
    "reports",
    "touches",
    "opens",
    "clicks",
    "mails",
    "seen",
    "channels",
    "consents",
    "ballots",
    "zones",
    "rolls",
    "experiments",
]
"""What a dial reads of a person; of most people most subjects are empty."""


class Source(Struct, frozen=True):
    """A series or a word of a person. `what` and `of` say which of its subject."""

    subject: Subject
    what: str = ""
    of: tuple[str | None, ...] = ()

    @property
    def part(self) -> str:
        """What of the subject may change by itself: touches of a channel (empty: of any), the first or the last."""
        if self.subject == "touches":
            return self.of[0] or ""
        return self.what if self.subject == "seen" else ""


class NumberDial(Struct, frozen=True):
    """A number within a window (ms); None: of all times."""

    source: Source
    window: int | None = None


class WordDial(Struct, frozen=True):
    """A word, such as a region, or none."""

    source: Source
    is_prefix: bool = False


Dial: TypeAlias = NumberDial | WordDial

Word: TypeAlias = str | int | bool | None


class Setting(Struct, frozen=True):
    """What a condition wants of its dial: a number within bounds, one of some words, or a word that begins so."""

    dial: Dial
    bounds: Bounds = (None, None)
    words: tuple[Word, ...] = ()


def setting_of(condition: Condition) -> Setting:
    """The dial of a condition, and what it wants of it. Raises TypeError for a reference."""
    if isinstance(condition, Compared):
        return Setting(_number_dial(condition), condition.bounds)
    match condition:
        case UnansweredMails():
            return Setting(NumberDial(Source("mails"), LONGEST_ACTS), (condition.unanswered_mails, None))
        case Seen():
            return Setting(NumberDial(Source("seen", condition.seen), condition.window), (1, None))
        case PostalCode():
            return Setting(WordDial(Source("zones", "postal_code"), is_prefix=True), words=(condition.postal_code,))
        case _:
            source, words = _word_source(condition)
            return Setting(WordDial(source), words=words)


def _number_dial(condition: Compared) -> NumberDial:
    match condition:
        case Gifts():
            return NumberDial(
                Source("gifts", condition.gifts, (condition.money, condition.committee)), ms(condition.within)
            )
        case Canvass():
            return NumberDial(Source("reports", condition.canvass, (condition.method,)), ms(condition.within))
        case Touches():
            scope = condition.channel, condition.purpose, condition.team
            return NumberDial(Source("touches", "", scope), condition.window)
        case Acts():
            window = ms(condition.within)
            subject: Subject = "opens" if condition.kind == "open" else "clicks"
            return NumberDial(Source(subject, condition.who, () if window is None else ("by_hour",)), window)
        case _:
            raise TypeError(type(condition).__name__)


def _word_source(condition: Condition) -> tuple[Source, tuple[Word, ...]]:
    match condition:
        case Support():
            return Source("reports", "support"), condition.support
        case Tag():
            return Source("reports", "tag", (condition.tag,)), (True,)
        case ChannelState():
            return Source("channels", condition.channel), (condition.is_,)
        case Consented():
            return Source("consents", condition.consent), (condition.is_,)
        case Region():
            return Source("zones", "region"), (condition.region,)
        case RollWord():
            return Source("rolls", condition.head), (condition.word,)
        case BallotStatusOf():
            return Source("ballots", condition.ballot), condition.status
        case InExperiment(variant=None):
            return Source("experiments", "", (condition.experiment,)), (True,)
        case InExperiment():
            return Source("experiments", "variant", (condition.experiment,)), (condition.variant,)
        case _:
            raise TypeError(type(condition).__name__)


class NumberScale(Struct, frozen=True):
    """The cut points of a number: at each of them some condition begins or ends to hold."""

    cuts: tuple[int, ...]

    def position(self, number: int) -> int:
        """How many cut points a number has reached."""
        return bisect_right(self.cuts, number)

    def let_in(self, setting: Setting) -> int:
        """The positions at which a condition holds, as bits."""
        low, high = setting.bounds
        first = 0 if low is None else self.position(low)
        after = len(self.cuts) + 1 if high is None else self.position(high) + 1
        return (1 << after) - (1 << first)

    @property
    def everywhere(self) -> int:
        """All positions."""
        return (1 << (len(self.cuts) + 1)) - 1


class WordScale(Struct, frozen=True):
    """The words that conditions name, each a position; any other word, and none, is the position 0."""

    words: tuple[Word, ...]

    def position(self, word: Word) -> int:
        """The position of a word."""
        return self.words.index(word) + 1 if word in self.words else 0

    def let_in(self, setting: Setting) -> int:
        """The positions at which a condition holds, as bits."""
        return sum(1 << self.position(word) for word in setting.words)

    @property
    def everywhere(self) -> int:
        """All positions."""
        return (1 << (len(self.words) + 1)) - 1


class PrefixScale(Struct, frozen=True):
    """Cut points among words in the order of their characters: where those that begin so begin and end."""

    cuts: tuple[str, ...]

    def position(self, word: Word) -> int:
        """How many cut points a word has reached; none is before all of them."""
        return bisect_right(self.cuts, word) if isinstance(word, str) else 0

    def let_in(self, setting: Setting) -> int:
        """The positions at which a condition holds, as bits."""
        prefixes = tuple(word for word in setting.words if isinstance(word, str))
        return sum(1 << place for place, cut in enumerate(self.cuts, 1) if cut.startswith(prefixes))

    @property
    def everywhere(self) -> int:
        """All positions."""
        return (1 << (len(self.cuts) + 1)) - 1


Scale: TypeAlias = NumberScale | WordScale | PrefixScale


def scale_of(dial: Dial, settings: Iterable[Setting]) -> Scale:
    """The scale of a dial on which all these settings are sets of positions."""
    wanted = list(settings)
    if isinstance(dial, NumberDial):
        lows = {setting.bounds[0] for setting in wanted}
        afters = {None if setting.bounds[1] is None else setting.bounds[1] + 1 for setting in wanted}
        return NumberScale(tuple(sorted(cut for cut in lows | afters if cut is not None)))
    words = {word for setting in wanted for word in setting.words}
    if dial.is_prefix:
        prefixes = {word for word in words if isinstance(word, str)}
        ends = {end for prefix in prefixes if (end := _end_of(prefix)) is not None}
        return PrefixScale(tuple(sorted(prefixes | ends)))
    return WordScale(tuple(sorted(words, key=str)))


def _end_of(prefix: str) -> str | None:
    """The first word after all those that begin so; None: nothing comes after them."""
    kept = prefix.rstrip("\U0010ffff")
    return kept[:-1] + chr(ord(kept[-1]) + 1) if kept else None


Times: TypeAlias = Sequence[int]
"""Times in order, each of which counts once."""


def is_counted(source: Source) -> bool:
    """Whether the numbers of a source are counts of times, and not sums."""
    return source.subject in ("touches", "mails", "reports", "seen") or source.what == "count"


def times_reader(source: Source, most: int) -> Callable[[Person], Times]:
    """Reads the times that a source counts, at least the latest `most`."""
    match source.subject:
        case "touches":
            return _touches_reader(source)
        case "mails":
            return lambda person: [mail.time // HOUR * HOUR for mail in reversed(person.unanswered_mails(most))]
        case "reports":
            return _reports_reader(source)
        case _:
            return _gift_times_reader(source)


def series_reader(source: Source) -> Callable[[Person], Series]:
    """Reads the series of a source whose numbers are sums. One that reads nothing gives no times and the total 0."""
    return _gifts_reader(source) if source.subject == "gifts" else _acts_reader(source)


NOTHING: Series = ((), (0,))


def _summed(items: Sequence[Item]) -> Series:
    """The series of items in order."""
    if not items:
        return NOTHING
    totals = [*accumulate(map(_number, reversed(items)), initial=0)]
    totals.reverse()
    return [*map(_time, items)], totals


_time, _number = itemgetter(0), itemgetter(1)


def _gift_times_reader(source: Source) -> Callable[[Person], Times]:
    currency, committee = source.of

    def read(person: Person) -> Times:
        return [
            fact.time
            for fact, gift in person.found.gifts.values()
            if (currency is None or gift.currency == currency) and (committee is None or gift.committee == committee)
        ]

    return read


def _gifts_reader(source: Source) -> Callable[[Person], Series]:
    currency, committee = source.of

    def given(person: Person) -> list[Item]:
        return [
            (fact.time, gift.amount)
            for fact, gift in person.found.gifts.values()
            if gift.currency == currency and (committee is None or gift.committee == committee)
        ]

    def net(person: Person) -> Series:
        items, gifts = given(person), person.found.gifts
        if not person.found.refunds:
            return _summed(items)
        for fact, refund in person.found.refunds.values():
            of = gifts.get(refund.donation_id or "")
            where = refund.committee or (None if of is None else of[1].committee)
            if refund.currency == currency and (committee is None or where == committee):
                items.append(((fact if of is None else of[0]).time, -refund.amount))
        items.sort(key=_time)
        return _summed(items)

    return net if source.what == "net" else lambda person: _summed(given(person))


def _reports_reader(source: Source) -> Callable[[Person], Times]:
    (method,) = source.of
    spoken_to = source.what == "contacts"

    def read(person: Person) -> Times:
        return [
            fact.time
            for fact, report in person.found.reports
            if (not spoken_to or report.outcome == "contacted") and (method is None or report.method == method)
        ]

    return read


def _touches_reader(source: Source) -> Callable[[Person], Times]:
    channel, purpose, team = source.of
    if purpose is None and team is None:
        if channel is None:
            return lambda person: [touch.time for touch in reversed(person.known.touches)]
        return lambda person: [touch.time for touch in reversed(person.known.touches) if touch.channel == channel]

    def read(person: Person) -> Times:
        return [
            touch.time
            for touch in reversed(person.known.touches)
            if (channel is None or touch.channel == channel)
            and (purpose is None or touch.purpose == purpose)
            and (team is None or (touch.team or team_of(touch.source)) == team)
        ]

    return read


def _acts_reader(source: Source) -> Callable[[Person], Series]:
    kind: Literal["open", "click"] = "open" if source.subject == "opens" else "click"
    if source.what == "human":
        if source.of:
            return lambda person: _summed(sorted(person.hours(kind)))
        return lambda person: ((), (person.human_total(kind),))
    if source.of:
        return lambda person: _summed([(hour, THOUSANDTHS) for hour in person.raw_times(kind)])
    return lambda person: ((), (person.raw_total(kind) * THOUSANDTHS,))


def word_reader(source: Source) -> Callable[[Person], Word]:
    """Reads the word of a source, all but whether a channel is open."""
    match source.subject, source.what:
        case "reports", "support":
            return lambda person: person.support
        case "reports", _:
            return lambda person: source.of[0] in person.tags
        case "consents", _:
            channel = cast(Channel, source.what)
            return lambda person: person.consents.get(channel)
        case "ballots", election:
            return lambda person: person.ballots.get(election)
        case "zones", "region":
            return lambda person: None if person.where.region is None else person.where.region.value
        case "zones", _:
            return lambda person: None if person.where.postal_code is None else person.where.postal_code.value
        case "rolls", name:
            return lambda person: None if name not in person.roll else person.roll[name][0]
        case "experiments", "variant":
            return lambda person: person.variants.get(str(source.of[0]))
        case _:
            return lambda person: source.of[0] in person.variants
