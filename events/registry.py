"""Every type of interaction and what is true of it: the one table from which all other lists of types are derived.

A new type is a model in `events/interactions/`, one entry here, and its words: docs/architecture.md names each file,
and a test names each file that does not know the type. What is kept of it beyond that it happened is said in
`streams/domain/contact/facts/from_interactions.py`, which refuses to guess. What experiments measure of it, if
anything, is said in the table of metrics, `events/experiments/metrics.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from events import topics
from events.interactions import anywhere, canvass, commands, donation, email, outreach
from events.interactions.base import Channel, InteractionData

Engagement = Literal["open", "click"]
Arrival = Literal["sent", "delivered"]
HumanAnswer = Literal["gift", "form", "reply"]
StopReason = Literal["unsubscribed", "complained", "opted_out", "consent_withdrawn"]
Money = Literal["gift", "refund"]
Rsvp = Literal["made", "cancelled", "attended", "no_show"]

EMAIL, DONATION, CANVASS, OUTREACH = (
    frozenset({topic})
    for topic in (topics.EMAIL_EVENTS, topics.DONATION_EVENTS, topics.CANVASS_EVENTS, topics.OUTREACH_EVENTS)
)
CONSENT_PARTS = ("list_id", "sender", "purpose")
"""Fields by which a word on consent is about a part of its channel; with none of them it is about the whole one."""
ANYWHERE = EMAIL | DONATION | CANVASS | OUTREACH
COMMANDS = frozenset({topics.CONTACT_COMMANDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSpec:
    """One type of interaction.

    `model`: of its `data`. `topics`: on which it is taken.
    `is_message`: one word about one message, recognised for a week after its first copy; every other type for ever.
    `touch_channel`: it shows that somebody was reached on this channel. `cancels_touch`: it says that the message that
    it names reached nobody. `address_failed`: the address cannot be reached, which is kept even where room is short.
    `arrival`: how far an e-mail had come, which tells a person's open from a program's. `engagement`: an open or a
    click. `answer`: an act of the person's own, which speaks for opens before it.
    `stop_reason`: why a channel is closed where it is a refusal. `is_mail_report`: counted by campaign and provider.
    `money`: what it does to sums. `rsvp`: what it says of somebody's coming to a meeting.
    `can_wait`: nobody is harmed if it is counted a day later, so quarantine may hold it.
    `begins_record`: after an erasure a new record begins with it; `when_granted`: only if it grants a whole channel.
    `opens`: it may allow what was refused before, so a time ahead of its record is not believed (`opening_words`);
    `when_ending`: only a suppression that ends. What begins a record always opens.
    `experiments`: what it may change for those who are in one: an `outcome`, the `assignment` itself, or `nothing`.
    `decides`: a row of any date may decide about rows of every type (`all`), about others of its own (`its_own`: the
    earliest version counts, or the last word), or about none.
    `is_own_act`: the person did it, so they are not inactive; of a canvass report its outcome tells.
    `in_daily_report`: the page of a day is made of it. `is_bare`: nothing is kept of it but that it happened, when, and
    what any interaction may carry.
    """

    name: str
    model: type[InteractionData]
    topics: frozenset[str]
    is_message: bool = False
    touch_channel: Channel | None = None
    cancels_touch: Channel | None = None
    address_failed: bool = False
    arrival: Arrival | None = None
    engagement: Engagement | None = None
    answer: HumanAnswer | None = None
    stop_reason: StopReason | None = None
    is_mail_report: bool = False
    money: Money | None = None
    rsvp: Rsvp | None = None
    can_wait: bool = False
    begins_record: Literal["always", "when_granted", "never"] = "never"
    opens: Literal["always", "when_granted", "when_ending", "never"] = "never"
    experiments: Literal["outcome", "assignment", "nothing"] = "outcome"
    decides: Literal["all", "its_own", "none"] = "none"
    in_daily_report: bool = False
    is_own_act: bool = False
    is_bare: bool = False
    with_publish: bool = False

    @property
    def needs_erase(self) -> bool:
        """Whether it may destroy what is known; so does every command of which nothing else is said."""
        return self.is_command and not self.with_publish

    @property
    def is_command(self) -> bool:
        """Whether it decides about a record and is no part of what happened."""
        return self.topics == COMMANDS


def _rsvp(name: str, model: type[InteractionData], rsvp: Rsvp) -> TypeSpec:
    return TypeSpec(
        name=name,
        rsvp=rsvp,
        model=model,
        topics=OUTREACH,
        can_wait=True,
        experiments="nothing",
        decides="its_own",
        in_daily_report=True,
        is_own_act=rsvp != "no_show",
        is_bare=True,
    )


def _pledge(name: str, model: type[InteractionData]) -> TypeSpec:
    return TypeSpec(
        name=name,
        model=model,
        topics=DONATION,
        experiments="nothing",
        decides="its_own",
        in_daily_report=True,
        is_own_act=name == "donation.pledge_cancelled",
    )


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        name="email.sent",
        model=email.EmailSent,
        topics=EMAIL,
        is_message=True,
        touch_channel="email",
        arrival="sent",
    ),
    TypeSpec(
        name="email.delivered",
        model=email.EmailDelivered,
        topics=EMAIL,
        is_message=True,
        touch_channel="email",
        arrival="delivered",
    ),
    TypeSpec(
        name="email.opened",
        model=email.EmailOpened,
        topics=EMAIL,
        is_message=True,
        engagement="open",
        can_wait=True,
    ),
    TypeSpec(
        name="email.clicked",
        is_own_act=True,
        model=email.EmailClicked,
        topics=EMAIL,
        is_message=True,
        engagement="click",
        can_wait=True,
    ),
    TypeSpec(
        name="email.bounced",
        model=email.EmailBounced,
        topics=EMAIL,
        is_message=True,
        cancels_touch="email",
        address_failed=True,
        experiments="nothing",
    ),
    TypeSpec(
        name="email.deferred",
        model=email.EmailDeferred,
        topics=EMAIL,
        is_message=True,
        can_wait=True,
        experiments="nothing",
    ),
    TypeSpec(
        name="email.dropped",
        model=email.EmailDropped,
        topics=EMAIL,
        is_message=True,
        cancels_touch="email",
        experiments="assignment",
    ),
    TypeSpec(
        name="email.unsubscribed",
        is_own_act=True,
        model=email.EmailUnsubscribed,
        topics=EMAIL,
        stop_reason="unsubscribed",
        is_mail_report=True,
        in_daily_report=True,
    ),
    TypeSpec(
        name="email.complained",
        is_own_act=True,
        model=email.EmailComplained,
        topics=EMAIL,
        stop_reason="complained",
        is_mail_report=True,
        in_daily_report=True,
    ),
    TypeSpec(
        name="donation.made",
        is_own_act=True,
        model=donation.DonationMade,
        topics=DONATION,
        answer="gift",
        money="gift",
        begins_record="always",
        opens="always",
        decides="all",
        in_daily_report=True,
    ),
    TypeSpec(
        name="donation.refunded",
        model=donation.DonationRefunded,
        topics=DONATION,
        money="refund",
        decides="its_own",
        in_daily_report=True,
    ),
    _pledge("donation.charge_failed", donation.DonationChargeFailed),
    _pledge("donation.pledge_cancelled", donation.DonationPledgeCancelled),
    TypeSpec(
        name="canvass.reported",
        model=canvass.CanvassReported,
        topics=CANVASS,
        experiments="assignment",
        decides="its_own",
        in_daily_report=True,
    ),
    TypeSpec(name="ballot.reported", model=canvass.BallotReported, topics=CANVASS),
    TypeSpec(
        name="text.sent",
        model=outreach.TextSent,
        topics=OUTREACH,
        is_message=True,
        touch_channel="text",
        experiments="nothing",
    ),
    TypeSpec(
        name="text.delivered",
        model=outreach.TextDelivered,
        topics=OUTREACH,
        is_message=True,
        touch_channel="text",
        experiments="nothing",
    ),
    TypeSpec(
        name="text.failed",
        model=outreach.TextFailed,
        topics=OUTREACH,
        is_message=True,
        cancels_touch="text",
        address_failed=True,
        experiments="nothing",
    ),
    TypeSpec(
        name="text.replied",
        model=outreach.TextReplied,
        topics=OUTREACH,
        answer="reply",
        is_own_act=True,
        is_bare=True,
    ),
    TypeSpec(
        name="text.opted_out",
        is_own_act=True,
        model=outreach.TextOptedOut,
        topics=OUTREACH,
        stop_reason="opted_out",
        in_daily_report=True,
    ),
    _rsvp("rsvp.made", outreach.RsvpMade, "made"),
    _rsvp("rsvp.cancelled", outreach.RsvpCancelled, "cancelled"),
    _rsvp("rsvp.attended", outreach.RsvpAttended, "attended"),
    _rsvp("rsvp.no_show", outreach.RsvpNoShow, "no_show"),
    TypeSpec(
        name="form.submitted",
        is_own_act=True,
        model=outreach.FormSubmitted,
        topics=OUTREACH,
        answer="form",
        can_wait=True,
        begins_record="always",
        opens="always",
        decides="all",
        is_bare=True,
    ),
    TypeSpec(
        name="experiment.assigned", model=anywhere.ExperimentAssigned, topics=ANYWHERE, can_wait=True, is_bare=True
    ),
    TypeSpec(
        name="consent.changed",
        is_own_act=True,
        model=anywhere.ConsentChanged,
        topics=ANYWHERE,
        stop_reason="consent_withdrawn",
        begins_record="when_granted",
        opens="when_granted",
        decides="all",
    ),
    TypeSpec(
        name="provenance.reported",
        model=anywhere.ProvenanceReported,
        topics=ANYWHERE,
        can_wait=True,
        experiments="nothing",
        is_bare=True,
    ),
    TypeSpec(
        name="interaction.retracted",
        model=anywhere.InteractionRetracted,
        topics=ANYWHERE,
        experiments="assignment",
        decides="all",
    ),
    TypeSpec(
        name="contact.linked", model=commands.ContactLinked, topics=COMMANDS, opens="always", experiments="nothing"
    ),
    TypeSpec(
        name="contact.unlinked", model=commands.ContactUnlinked, topics=COMMANDS, opens="always", experiments="nothing"
    ),
    TypeSpec(
        name="contact.suppressed",
        model=commands.ContactSuppressed,
        topics=COMMANDS,
        opens="when_ending",
        experiments="nothing",
        with_publish=True,
    ),
    TypeSpec(
        name="contact.provenance_forgotten", model=commands.ContactProvenanceForgotten, topics=COMMANDS, decides="all"
    ),
    TypeSpec(name="contact.purpose_forgotten", model=commands.ContactPurposeForgotten, topics=COMMANDS, decides="all"),
    TypeSpec(name="contact.erased", model=commands.ContactErased, topics=COMMANDS, decides="all"),
    TypeSpec(name="contact.erased_if_inactive", model=commands.ContactErasedIfInactive, topics=COMMANDS, decides="all"),
)
"""All types, in the order of the contract."""

BY_NAME: Mapping[str, TypeSpec] = {spec.name: spec for spec in SPECS}
MODELS: dict[str, type[InteractionData]] = {spec.name: spec.model for spec in SPECS}
"""The model of each type's `data`."""
TOPICS_OF: dict[str, frozenset[str]] = {spec.name: spec.topics for spec in SPECS}
"""The topics on which each type is taken."""


def types_that(is_true: Callable[[TypeSpec], object], specs: Iterable[TypeSpec] = SPECS) -> frozenset[str]:
    """The names of the types of which something is true."""
    return frozenset(spec.name for spec in specs if is_true(spec))


def topic_of(type_: str) -> str:
    """The topic to send a type to; of those that may be sent anywhere the first by name. Empty: no such type."""
    return min(TOPICS_OF.get(type_, ()), default="")


MESSAGES = types_that(lambda spec: spec.is_message)
TOUCHES = types_that(lambda spec: spec.touch_channel)
ENGAGEMENTS: Mapping[str, Engagement] = {spec.name: spec.engagement for spec in SPECS if spec.engagement}
"""Types of opens and clicks."""
HUMAN_ANSWERS: Mapping[str, HumanAnswer] = {spec.name: spec.answer for spec in SPECS if spec.answer}
ARRIVALS: Mapping[str, Arrival] = {spec.name: spec.arrival for spec in SPECS if spec.arrival}
MONEY_TYPES: Mapping[str, Money] = {spec.name: spec.money for spec in SPECS if spec.money}
"""Types that move money."""
RSVPS: Mapping[str, Rsvp] = {spec.name: spec.rsvp for spec in SPECS if spec.rsvp}
