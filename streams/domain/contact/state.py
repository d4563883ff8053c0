"""What is kept of one contact: a set of facts, in the order in which they happened.

Only messages, which are many and say little, are added up once nobody may repeat or retract them any more.
"""

from typing import TypeAlias

from msgspec import Struct

from events.channels import leaves_channel_open
from events.interactions.anywhere import ConsentChannel
from events.interactions.canvass import BallotStatus, Method, Outcome
from events.interactions.donation import Period
from streams.domain.contact.facts.command_details import COMMANDS, Command
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution
from streams.domain.contact.sections.exposures import CarriedVariant, Drop, MessageVariant
from streams.domain.contact.sections.human_hours import ByHour
from streams.domain.contact.sections.messages import Mailbox, Mailing, Message

Key: TypeAlias = tuple[str, str]
"""(source, id) of an interaction."""

Answer: TypeAlias = str | int | float | bool

DEDUP_WINDOW_MS = 7 * 24 * 3_600_000
"""How long copies of a message are recognised after the first one, in ms of append time."""

NEVER = 2**62
"""A time that no clock reaches."""


class Gift(Struct, frozen=True, array_like=True, gc=False, tag=1):
    """A `donation.made`: amount in minor units. `automatic`: a later instalment, which is charged by itself."""

    donation_id: str
    amount: int
    currency: str
    committee: str | None = None
    pledge_id: str | None = None
    period: Period | None = None
    election: str | None = None
    automatic: bool = False


class Refund(Struct, frozen=True, array_like=True, gc=False, tag=2):
    """A `donation.refunded` of any kind: amount in minor units, positive."""

    refund_id: str
    amount: int
    currency: str
    committee: str | None = None
    donation_id: str | None = None


class PledgeChange(Struct, frozen=True, array_like=True, gc=False, tag=3):
    """A failed charge or a cancellation; the fact's type says which."""

    pledge_id: str


class CanvassReport(Struct, frozen=True, array_like=True, gc=False, tag=4):
    """A `canvass.reported`. `team` empty: that of its source."""

    method: Method
    outcome: Outcome
    report_id: str | None = None
    support: int | None = None
    answers: dict[str, Answer] | None = None
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()
    team: str = ""


class Ballot(Struct, frozen=True, array_like=True, gc=False, tag=5):
    """A `ballot.reported`."""

    election: str
    status: BallotStatus


class ConsentTerms(Struct, frozen=True, array_like=True, gc=False):
    """What was said with a word on consent: for what, to whom, in which version of the text, where the proof is."""

    purpose: str | None = None
    controller: str | None = None
    wording: str | None = None
    proof: str | None = None
    basis: str | None = None


class Consent(Struct, frozen=True, array_like=True, gc=False, tag=6):
    """A yes or a no to a channel (or `all`), or only to one of its lists or senders, or for one purpose."""

    channel: ConsentChannel
    granted: bool
    list_id: str | None = None
    sender: str | None = None
    terms: ConsentTerms | None = None

    @property
    def purpose(self) -> str | None:
        """The one purpose that it is about; None: whatever a message is for."""
        return None if self.terms is None else self.terms.purpose

    @property
    def is_of_channel(self) -> bool:
        """Whether it opens or closes the channel as a whole: also a no for a purpose that nobody asks for."""
        if self.list_id is not None or self.sender is not None:
            return False
        purpose = self.purpose
        return purpose is None or not (self.granted or leaves_channel_open(purpose))


class Retraction(Struct, frozen=True, array_like=True, gc=False, tag=7):
    """An `interaction.retracted`: the interaction named here counts as if it had never happened."""

    source: str
    id: str


Detail: TypeAlias = (
    Gift | Refund | PledgeChange | CanvassReport | Ballot | Consent | Retraction | Message | Deed | Command
)


class RollEntry(Struct, frozen=True, array_like=True, gc=False):
    """What an electoral roll says of a voter, as far as it was given on."""

    age_band: str | None = None
    sex: str | None = None
    polling_station: str | None = None


class Origin(Struct, frozen=True, array_like=True, gc=False):
    """Where what an interaction says comes from. `obtained_at` in ms; None: when it happened.

    `kind` is a `ShownKind`, kept as text so that a state with a kind that a later version knows can still be read.
    `notice` is as `facts/notices.py` has it. `of_age`: whether the producer says so. `purpose`: what it was collected
    for, as somebody wrote it.
    """

    kind: str
    obtained_at: int | None = None
    file: str | None = None
    notice: str | None = None
    of_age: bool | None = None
    roll: RollEntry | None = None
    purpose: str | None = None


class Zones(Struct, frozen=True, array_like=True, gc=False):
    """The region, time zone and postal code that an interaction named."""

    region: str | None = None
    time_zone: str | None = None
    postal_code: str | None = None


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """One interaction, reduced to what a profile needs. Times are ms since the epoch, UTC.

    `carried`: what it named besides the fragment; in a state its place in `ContactState.carried`, counted from 1.
    `arm`: the variant of an experiment that it carried; a message that was dropped gives none. `origin`: where it comes
    from, if that was said.
    """

    type: str
    time: int
    source: str
    id: str
    appended_at: int
    zones: Zones | None = None
    detail: Detail | None = None
    carried: int | CarriedIdentifiers = 0
    arm: CarriedVariant | None = None
    origin: Origin | None = None

    @property
    def key(self) -> Key:
        """What makes two copies one fact."""
        return self.source, self.id

    @property
    def stamp(self) -> Stamp:
        """The place of the fact among the others."""
        return self.time, self.source, self.id


class ErasureIfInactive(Fact, frozen=True, array_like=True, gc=False):
    """A `contact.erased_if_inactive`: its person is to be forgotten, unless they did something after `since` (ms).

    Never kept, so it is no part of the format of states: where its condition holds it is an erasure, else in vain.
    """

    since: int = -NEVER


def is_command(fact: Fact) -> bool:
    """Whether it orders something, in place of telling what happened."""
    return fact.detail.__class__ in COMMANDS or isinstance(fact, ErasureIfInactive)


class TimestampedValue(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A value with the stamp of the fact that said it; the greater one is the later one."""

    time: int
    source: str
    id: str
    value: str


class Whereabouts(Struct, frozen=True, array_like=True, gc=False):
    """The latest region, time zone and postal code of a contact."""

    region: TimestampedValue | None = None
    time_zone: TimestampedValue | None = None
    postal_code: TimestampedValue | None = None


class ActivityTotals(Struct, frozen=True, array_like=True):
    """What a set of facts adds up to, whatever they speak of. Times in ms."""

    counts: dict[str, int] = {}
    first: int | None = None
    last: int | None = None
    last_opened: int | None = None
    last_clicked: int | None = None


class Settled(Struct, frozen=True, array_like=True):
    """All that is left of the messages that are no longer kept one by one.

    `carried`: what they named, sorted. `mailings`: those that may still meet what comes late, sorted. `mailboxes`: by
    the e-mail address that was named besides the fragment, else empty: what the fragment's own has said, if it is one.
    `horizon`: a touch before it (ms) is forgotten. `opens_human`, `clicks_human`: in thousandths. `echoes`: what may
    still be evidence for opens and clicks that have not settled, sorted. `arms`: what messages carried of experiments,
    and `drops`: what may still take some of it back, both sorted. `opens_by_hour`, `clicks_by_hour`: the latest of the
    human ones.
    """

    totals: ActivityTotals = ActivityTotals()
    whereabouts: Whereabouts = Whereabouts()
    carried: tuple[CarriedIdentifiers, ...] = ()
    mailings: tuple[Mailing, ...] = ()
    mailboxes: dict[str, Mailbox] = {}
    horizon: int = -NEVER
    opens_human: int = 0
    clicks_human: int = 0
    echoes: tuple[Fact, ...] = ()
    arms: tuple[MessageVariant, ...] = ()
    drops: tuple[Drop, ...] = ()
    opens_by_hour: ByHour = {}
    clicks_by_hour: ByHour = {}


class ContactState(Struct, frozen=True, dict=True):
    """Everything known of one contact. Never changed in place, but that a view of it may be attached (`derived_view`).

    `facts` are in the order of their stamps: the first is the earliest, and of two that speak of one thing the later
    one comes last. `commands` are kept beside them, in no order. `forgotten`: keys of what was dropped by its source or
    purpose; only where a command says so, never of one of the facts.
    `clock` is the latest append time seen; `due` is not
    after the first moment at which a message settles; `weight` is the size of what is kept in bytes. `carried`: each
    set of identifiers that a fact or a command named, once, sorted. `exclusive`: the fragment's own class, empty for
    none. `version`, `place` and `given` (what the person has added to experiments, by experiment) belong to the caller;
    without a place a profile is shown as soon as there is a version. `mixed`: of several fragments and never stored;
    what a fact names is in `carried` alone, its fragment as well.
    """

    facts: dict[Key, Fact] = {}
    settled: Settled = Settled()
    clock: int = 0
    due: int = NEVER
    weight: int = 0
    version: int = 0
    commands: dict[Key, Fact] = {}
    carried: tuple[CarriedIdentifiers, ...] = ()
    exclusive: str = ""
    place: IdentityStatus | None = None
    mixed: bool = False
    given: PackedContribution = NOTHING
    forgotten: dict[Key, Fact] = {}
