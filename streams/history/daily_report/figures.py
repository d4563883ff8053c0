"""The figures of the daily report. Amounts in minor units of `currency`; names null where none was given."""

from collections.abc import Mapping

from msgspec import Struct

from streams.domain.quarantine.held_records import ListedSource
from streams.history.insights.known_values import TimeRange
from streams.operations.refused_records import MostlyRefused


class CurrencyTotals(Struct, frozen=True):
    """Money of one day in one currency.

    `donors`: people, not gifts; `new_donors`: those of them who never gave before.
    """

    currency: str
    gifts: int
    gross: int
    refunded: int
    donors: int
    new_donors: int

    @property
    def net(self) -> int:
        """Gross less refunded."""
        return self.gross - self.refunded

    @property
    def average(self) -> int | None:
        """The average gift; None: there was none."""
        return round(self.gross / self.gifts) if self.gifts else None


class MoneyPart(Struct, frozen=True):
    """The money of one refcode, or of one committee."""

    name: str | None
    currency: str
    gifts: int
    gross: int
    refunded: int

    @property
    def net(self) -> int:
        """Gross less refunded."""
        return self.gross - self.refunded


class Pledges(Struct, frozen=True):
    """Pledges by state at the end of the day, and how many entered that state on the day."""

    active: int
    failing: int
    cancelled: int
    newly_active: int
    newly_failing: int
    newly_cancelled: int


class SendResults(Struct, frozen=True):
    """What happened on the day with messages of one campaign.

    `delivered`, `sent`: messages. `clicks_human`: expected number of clicks by people, in thousandths. `raised`: gross
    by currency; `gifts`: of how many gifts that is.
    """

    campaign: str | None
    channels: tuple[str, ...]
    delivered: int
    clicks_human: int
    unsubscribes: int
    complaints: int
    raised: Mapping[str, int]
    sent: int = 0
    gifts: int = 0

    @property
    def reached(self) -> int:
        """Messages that were delivered; those that were sent where none was reported delivered, as by many tools."""
        return self.delivered or self.sent


class MailboxProvider(Struct, frozen=True):
    """E-mail of the day by mailbox provider; None: the address was not told."""

    mailbox: str | None
    delivered: int
    unsubscribes: int
    complaints: int


class CanvassResults(Struct, frozen=True):
    """Canvassing in one turf, or by one method. `supporters`: contacted people with support 1 or 2."""

    name: str | None
    attempts: int
    contacted: int
    supporters: int


class EventAttendance(Struct, frozen=True):
    """Attendance at an event of the day. `promised`: who said yes and did not cancel; some have no known outcome."""

    event_id: str
    promised: int
    attended: int
    no_show: int
    cancelled: int


class HeldBackCount(Struct, frozen=True):
    """How many people a team asked about on the day and was told not to reach, or not yet.

    `people`: asked about through the API, each once. `rows`: of lists that were judged, each time.
    """

    decision: str
    reason: str
    channel: str | None
    people: int
    rows: int = 0


class DayFigures(Struct, frozen=True):
    """The figures of one day. `held` None: the audit log could not be read."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known to have happened on the day."""
        happened = (self.money, self.refcodes, self.sends, self.providers, self.methods, self.meetings)
        return not any(happened)

    date: str
    money: tuple[CurrencyTotals, ...]
    refcodes: tuple[MoneyPart, ...]
    committees: tuple[MoneyPart, ...]
    pledges: Pledges
    sends: tuple[SendResults, ...]
    providers: tuple[MailboxProvider, ...]
    methods: tuple[CanvassResults, ...]
    turfs: tuple[CanvassResults, ...]
    meetings: tuple[EventAttendance, ...]
    held: tuple[HeldBackCount, ...] | None


class DailyReport(Struct, frozen=True):
    """The figures of a day and of the same day a week before.

    `as_of`: everything up to then is in them, ms since 1970. `lake`: whether there is one. `known`: the time range of
    history where the day has nothing; None: no interaction at all, or the day has some. `refused`: sources of which
    most records of a type were refused on the day. `quarantines`: sources held now, or whose records wait. None: that
    could not be read.
    """

    time_zone: str
    as_of: int
    day: DayFigures
    before: DayFigures
    lake: bool = True
    known: TimeRange | None = None
    refused: tuple[MostlyRefused, ...] | None = ()
    quarantines: tuple[ListedSource, ...] | None = ()
