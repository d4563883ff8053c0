"""What a morning's page says, as data. Amounts in minor units of `currency`; names null where nothing was said."""

from collections.abc import Mapping

from msgspec import Struct

from streams.domain.quarantine.held_records import ListedSource
from streams.history.insights.known_values import Known
from streams.operations.refused.mostly_refused import Mostly


class Money(Struct, frozen=True):
    """What one day brought in one currency. `donors`: people, not gifts; `new_donors`: of them those who never gave."""

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
        """Of a gift; None: there was none."""
        return round(self.gross / self.gifts) if self.gifts else None


class Part(Struct, frozen=True):
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
    """How promises stood when the day ended, and of how many that became so on the day."""

    active: int
    failing: int
    cancelled: int
    newly_active: int
    newly_failing: int
    newly_cancelled: int


class Send(Struct, frozen=True):
    """What happened on the day with messages of one campaign.

    `delivered`, `sent`: messages. `clicks_human`: expected number of clicks by people, in thousandths. `raised`: gross
    by currency.
    """

    campaign: str | None
    channels: tuple[str, ...]
    delivered: int
    clicks_human: int
    unsubscribes: int
    complaints: int
    raised: Mapping[str, int]
    sent: int = 0

    @property
    def reached(self) -> int:
        """Messages that were delivered; those that were sent where none was reported delivered, as by many tools."""
        return self.delivered or self.sent


class Provider(Struct, frozen=True):
    """E-mail of the day by whose mailbox it went to; None: the address was not told."""

    mailbox: str | None
    delivered: int
    unsubscribes: int
    complaints: int


class Talks(Struct, frozen=True):
    """Canvassing in one turf, or by one method. `supporters`: of those who were found, support 1 or 2."""

    name: str | None
    attempts: int
    contacted: int
    supporters: int


class Meeting(Struct, frozen=True):
    """An event of the day. `promised`: who said yes and did not call it off; of the rest nobody has told."""

    event_id: str
    promised: int
    attended: int
    no_show: int
    cancelled: int


class Held(Struct, frozen=True):
    """How many a team asked about on the day and was told not to reach, or not yet.

    `people`: who was asked about by way of the API, each once. `rows`: of the lists that were judged, however often.
    """

    decision: str
    reason: str
    channel: str | None
    people: int
    rows: int = 0


class Day(Struct, frozen=True):
    """One day. `held` None: the record of questions could not be read."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known to have happened on it."""
        happened = (self.money, self.refcodes, self.sends, self.providers, self.methods, self.meetings)
        return not any(happened)

    date: str
    money: tuple[Money, ...]
    refcodes: tuple[Part, ...]
    committees: tuple[Part, ...]
    pledges: Pledges
    sends: tuple[Send, ...]
    providers: tuple[Provider, ...]
    methods: tuple[Talks, ...]
    turfs: tuple[Talks, ...]
    meetings: tuple[Meeting, ...]
    held: tuple[Held, ...] | None


class Report(Struct, frozen=True):
    """The page. `as_of`: up to when everything is in it, ms since 1970. `lake`: whether there is one to read.

    `known`: of a day without anything, from when to when there are interactions; None: there are none, or the day has
    some. `refused`: sources of which most of a type was, on the day. `quarantines`: who is held now, or whose records
    wait. None: that could not be read.
    """

    time_zone: str
    as_of: int
    day: Day
    before: Day
    lake: bool = True
    known: Known | None = None
    refused: tuple[Mostly, ...] | None = ()
    quarantines: tuple[ListedSource, ...] | None = ()
