"""Conditions of a segment as its author writes them: each is a table that says one thing of a person.

What cannot be answered from what is kept of people is refused here, not judged wrongly later: touches are known for 30
days, opens and clicks of people for 400 days by whole hours, those of everything for a week.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from events.experiments.parts import Currency
from events.fields import Id, Label
from events.interactions.base import Channel, Purpose
from events.interactions.canvass import BallotStatus, Method
from events.provenance_kinds import AgeBand, Sex
from streams.domain.file_mistakes import wrong
from streams.domain.messages import Listed, message
from streams.domain.pressure.policy_values import parse_span
from streams.domain.segments.condition_values import (
    LONGEST_RAW_ACTS,
    THOUSANDTHS,
    ActWindow,
    Expected,
    Mails,
    Number,
    TouchWindow,
    Window,
    each_once,
    ms,
)

Canonical: TypeAlias = list[Any]
"""What a condition says in JSON values, the same however it is spelled."""

Bounds: TypeAlias = tuple[int | None, int | None]
"""The smallest and the largest number that is let in; None: no limit."""


class Condition(BaseModel):
    """One thing that is said of a person. `head`: the key by which it is told from others.

    `is_special`: it tells an opinion, or what somebody supposes of one, so that no ads may be directed by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True)
    head: ClassVar[str]
    is_special: ClassVar[bool] = False

    @abstractmethod
    def canonical(self) -> Canonical:
        """What is said, whatever its spelling: equal for conditions that mean the same number or word."""

    def table(self) -> dict[str, Any]:
        """The table as its author would write it, its head first and what it is compared with last."""
        said = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        last = [name.rstrip("_") for name in _COMPARISONS]
        return dict(sorted(said.items(), key=lambda item: (item[0] != self.head, item[0] in last)))


class Compared(Condition):
    """A condition on a number."""

    scale: ClassVar[int] = 1

    @property
    def bounds(self) -> Bounds:
        """What is let in, in units of `scale`."""
        given = {name: getattr(self, name) for name in _COMPARISONS}
        known = {name: round(value * self.scale) for name, value in given.items() if value is not None}
        if "is_" in known:
            return known["is_"], known["is_"]
        lows = [known[name] + step for name, step in (("at_least", 0), ("above", 1)) if name in known]
        highs = [known[name] - step for name, step in (("at_most", 0), ("below", 1)) if name in known]
        return max(lows, default=None), min(highs, default=None)

    @model_validator(mode="after")
    def _is_compared(self) -> Self:
        given = [name.rstrip("_") for name in _COMPARISONS if getattr(self, name) is not None]
        if not given:
            raise wrong(message("file_mistake.compared_with_nothing"), message("file_mistake.add_comparison"))
        if "is" in given and len(given) > 1:
            beside = message("file_mistake.is_beside", names=Listed(tuple(given[:-1])))
            raise wrong(beside, message("file_mistake.leave_one_out"))
        low, high = self.bounds
        if low is not None and high is not None and low > high:
            nobody = message("file_mistake.true_of_nobody", names=Listed(tuple(given)))
            raise wrong(nobody, message("file_mistake.correct_one"))
        return self


_COMPARISONS = ("at_least", "at_most", "above", "below", "is_")


class ComparedNumber(Compared):
    """A condition on a whole number."""

    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    is_: Annotated[Number | None, Field(alias="is")] = None


class Gifts(ComparedNumber):
    """Gifts: how many, their sum, or their sum less refunds, in minor units of one currency.

    A refund counts where its gift does, if the gift is known, else by itself.
    """

    head: ClassVar[str] = "gifts"
    gifts: Literal["count", "sum", "net"]
    currency: Currency | None = None
    committee: Id | None = None
    within: Window | None = None

    @property
    def money(self) -> str | None:
        """The currency; amounts are of one, dollars where none is named."""
        return self.currency or (None if self.gifts == "count" else "USD")

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["gifts", self.gifts, self.money, self.committee, ms(self.within), *self.bounds]


class Canvass(ComparedNumber):
    """Reports of canvassers: all attempts, or those in which the person was spoken to."""

    head: ClassVar[str] = "canvass"
    canvass: Literal["attempts", "contacts"]
    method: Method | None = None
    within: Window | None = None

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["canvass", self.canvass, self.method, ms(self.within), *self.bounds]


class Touches(ComparedNumber):
    """How often somebody reached into the person's day, 30 days back at most."""

    head: ClassVar[str] = "touches"
    touches: Literal["count"]
    within: TouchWindow
    channel: Channel | None = None
    purpose: Purpose | None = None
    team: Id | None = None

    @property
    def window(self) -> int:
        """How far it looks back (ms)."""
        return parse_span(self.within)

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["touches", self.channel, self.purpose, self.team, ms(self.within), *self.bounds]


class Acts(Compared):
    """Opens or clicks of e-mails: the expected number by the person, or all that were reported."""

    scale: ClassVar[int] = THOUSANDTHS
    kind: ClassVar[Literal["open", "click"]]
    within: ActWindow | None = None
    at_least: Expected | None = None
    at_most: Expected | None = None
    above: Expected | None = None
    below: Expected | None = None
    is_: Annotated[Expected | None, Field(alias="is")] = None

    @property
    def who(self) -> Literal["human", "all"]:
        """Whose acts count."""
        found: Literal["human", "all"] = getattr(self, self.head)
        return found

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return [self.head, self.who, ms(self.within), *self.bounds]

    @model_validator(mode="after")
    def _is_kept(self) -> Self:
        if self.who == "all" and (ms(self.within) or 0) > LONGEST_RAW_ACTS:
            raise wrong(
                message("file_mistake.counts_all", window=repr(self.within)),
                message("file_mistake.counts_all_week", acts=self.head),
            )
        return self


class Opens(Acts):
    """Opens of e-mails."""

    head: ClassVar[str] = "opens"
    kind: ClassVar[Literal["open", "click"]] = "open"
    opens: Literal["human", "all"]


class Clicks(Acts):
    """Clicks in e-mails."""

    head: ClassVar[str] = "clicks"
    kind: ClassVar[Literal["open", "click"]] = "click"
    clicks: Literal["human", "all"]


class UnansweredMails(Condition):
    """None of the last so many e-mails was opened by a person: see `Person.unanswered_mails`."""

    head: ClassVar[str] = "unanswered_mails"
    unanswered_mails: Mails

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["unanswered_mails", self.unanswered_mails]


class Support(Condition):
    """The latest support that was reported, 1 strong to 5 opposed."""

    head: ClassVar[str] = "support"
    is_special: ClassVar[bool] = True
    support: Annotated[tuple[Literal[1, 2, 3, 4, 5], ...], AfterValidator(each_once)]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["support", *sorted(self.support)]


class Tag(Condition):
    """A tag that holds."""

    head: ClassVar[str] = "tag"
    is_special: ClassVar[bool] = True
    tag: Id

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["tag", self.tag]


class ChannelState(Condition):
    """Whether the contact policy would let anybody through on a channel, apart from caps, gaps and hours."""

    head: ClassVar[str] = "channel"
    channel: Channel
    is_: Annotated[Literal["open", "closed"], Field(alias="is")]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["channel", self.channel, self.is_]


class Consented(Condition):
    """The latest word of the person on a channel, yes or no; of who said nothing neither is true."""

    head: ClassVar[str] = "consent"
    consent: Channel
    is_: Annotated[bool, Field(alias="is", strict=True)]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["consent", self.consent, self.is_]


class Region(Condition):
    """Where the person lives, ISO 3166-2."""

    head: ClassVar[str] = "region"
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["region", self.region]


class PostalCode(Condition):
    """How the postal code begins."""

    head: ClassVar[str] = "postal_code"
    postal_code: Annotated[str, Field(min_length=1, max_length=32)]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["postal_code", self.postal_code]


class RollWord(Condition):
    """A word of an electoral roll about a voter, as it was given on."""

    @property
    def word(self) -> str:
        """The word that is wanted."""
        found: str = getattr(self, self.head)
        return found

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return [self.head, self.word]


class AgeBandOf(RollWord):
    """The band of ages in which a roll has the person."""

    head: ClassVar[str] = "age_band"
    age_band: AgeBand


class SexOf(RollWord):
    """The sex that a roll has of the person."""

    head: ClassVar[str] = "sex"
    sex: Sex


class PollingStation(RollWord):
    """The polling station at which a roll has the person."""

    head: ClassVar[str] = "polling_station"
    polling_station: Label


class BallotStatusOf(Condition):
    """How far the person's ballot for an election has come."""

    head: ClassVar[str] = "ballot"
    ballot: Id
    status: Annotated[tuple[BallotStatus, ...], AfterValidator(each_once)]

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["ballot", self.ballot, *sorted(self.status)]


class InExperiment(Condition):
    """The person is in an experiment, or in one variant of it."""

    head: ClassVar[str] = "experiment"
    experiment: Id
    variant: Id | None = None

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["experiment", self.experiment, self.variant]


class Seen(Condition):
    """The first or the last interaction of the person is no older than a window."""

    head: ClassVar[str] = "seen"
    seen: Literal["first", "last"]
    within: Window

    @property
    def window(self) -> int:
        """How far it looks back (ms)."""
        return parse_span(self.within)

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["seen", self.seen, ms(self.within)]


class Reference(Condition):
    """Membership of another segment, by that segment's definition."""

    head: ClassVar[str] = "segment"
    segment: Id

    def canonical(self) -> Canonical:
        """See `Condition`."""
        return ["segment", self.segment]


KINDS: Mapping[str, type[Condition]] = {
    kind.head: kind
    for kind in (
        *(Gifts, Canvass, Touches, Opens, Clicks, UnansweredMails, Support, Tag, Consented, Region, PostalCode),
        *(AgeBandOf, SexOf, PollingStation, BallotStatusOf, InExperiment, Seen, Reference, ChannelState),
    )
}
"""By head, in the order in which a table is looked at: touches have a `channel` too."""

NOT_KEPT: Mapping[str, str] = {"form": "file_mistake.which_form", "rsvp": "file_mistake.which_meeting"}
"""Heads of conditions that what is kept of people cannot answer yet, and the code of what is not kept."""


class Group(Struct, frozen=True):
    """Conditions put together: all of `all`, at least one of `any` if there are some, and none of `none`."""

    all: tuple["Node", ...] = ()
    any: tuple["Node", ...] = ()
    none: tuple["Node", ...] = ()


Node: TypeAlias = Group | Condition


class SegmentDefinition(Struct, frozen=True):
    """A segment as its author defines it. `members`: whether a list of its members is kept in Redis."""

    id: str
    conditions: Group
    owner: str = ""
    members: bool = False
