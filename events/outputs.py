"""What other teams read: the JSON values of the output topics and of Redis.

Plain typed dictionaries, because a profile is written on the hot path and a model would cost more than the fold itself.
The names and nulls are the contract's; the JSON Schema of each is in `docs/schemas/`. Times are RFC 3339, UTC, with
milliseconds; amounts are minor units by currency.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from events.console_acts import ConsoleAct
from events.interactions.anywhere import ConsentChannel
from events.interactions.base import Channel, Purpose
from events.interactions.canvass import BallotStatus, Method, Outcome
from events.interactions.donation import Period
from events.provenance_kinds import ShownKind
from events.segments import SegmentDefinitionTable

AddressStatus = Literal["ok", "soft_bouncing", "wrong_number", "hard_bounced", "complained"]
Money = dict[str, int]


class EvidenceItem(TypedDict):
    """One interaction that speaks for a result."""

    source: str
    id: str


class EmailProfile(TypedDict):
    """`opens_human`, `clicks_human`: the expected number of acts by the person, not by programs."""

    subscribed: bool
    status: AddressStatus
    last_opened_at: str | None
    last_clicked_at: str | None
    opens_human: float
    clicks_human: float


class Pledge(TypedDict):
    """A promise to give again; null where only its failure or end was heard of."""

    id: str
    amount: int | None
    currency: str | None
    period: Period | None
    status: Literal["active", "failing", "cancelled"]


class CommitteeTotal(TypedDict):
    """Gifts less refunds of one committee; `last_at` is the latest gift.

    `elections`: the same of the gifts that name an election. A refund counts at its gift's, if the gift is known.
    """

    net: Money
    last_at: str | None
    elections: dict[str, Money]


class DonationProfile(TypedDict):
    """`count`, `first_at` and `last_at` speak of gifts only."""

    count: int
    gross: Money
    refunded: Money
    net: Money
    first_at: str | None
    last_at: str | None
    pledges: list[Pledge]
    by_committee: dict[str, CommitteeTotal]


class CanvassProfile(TypedDict):
    """`support`: 1 strong to 5 opposed; `support_by`: the report that it is from."""

    attempts: int
    contacts: int
    last_at: str | None
    last_method: Method | None
    last_outcome: Outcome | None
    support: int | None
    support_at: str | None
    support_by: EvidenceItem | None
    answers: dict[str, str | int | float | bool]


class Ballot(TypedDict):
    """The latest report about one election."""

    status: BallotStatus
    at: str
    source: str
    id: str


class Assignment(TypedDict):
    """The variant this person is counted in. `contaminated`: was given another one as well; else it is absent."""

    id: str
    variant: str
    assigned_at: str
    contaminated: NotRequired[bool]


class Address(TypedDict):
    """`ref`: a truncated keyed hash of an e-mail address or phone number."""

    ref: str
    channel: Channel
    status: AddressStatus


class Zones(TypedDict):
    """Where the person's day begins."""

    time_zone: str | None
    region: str | None
    postal_code: str | None


class Touch(TypedDict):
    """One time that somebody reached into this person's day."""

    channel: Channel
    purpose: Purpose
    at: str
    team: str
    source: str
    id: str


class Stop(TypedDict):
    """A channel, sender or list that is closed, and by which interaction; with `until` only so long."""

    reason: str
    at: str
    source: str
    id: str
    until: NotRequired[str]


class Stops(TypedDict):
    """By channel for every sender, `all` for all channels; `senders` and `lists` for one alone."""

    email: NotRequired[Stop]
    text: NotRequired[Stop]
    phone: NotRequired[Stop]
    door: NotRequired[Stop]
    letter: NotRequired[Stop]
    all: NotRequired[Stop]
    senders: dict[str, Stop]
    lists: dict[str, Stop]


class Pressure(TypedDict):
    """Milli-points by channel at the time of the latest touch."""

    points: dict[Channel, int]
    as_of: str | None


class ConsentWord(TypedDict):
    """One word on consent, and by which interaction it came: a yes or a no to a `channel`, or to a part of it.

    `list_id`, `sender`, `purpose`: the part. `controller`, `wording`, `proof`, `basis`: as the producer said; what was
    not said is absent.
    """

    type: str
    channel: ConsentChannel
    granted: bool
    at: str
    source: str
    id: str
    list_id: NotRequired[str]
    sender: NotRequired[str]
    purpose: NotRequired[str]
    controller: NotRequired[str]
    wording: NotRequired[str]
    proof: NotRequired[str]
    basis: NotRequired[str]


class AddressRef(TypedDict):
    """An e-mail address or a phone number, as in `addresses`."""

    ref: str
    channel: Channel


class ProvenanceItem(TypedDict):
    """One place that something of a person comes from; `source` and `id`: the first interaction that says so.

    `first_at`, `last_at`, `count`: of the interactions that name it. `addresses`: those that any of them named.
    `obtained_at`, `file`, `purpose`, `notice`, `of_age`, `age_band`, `sex`, `polling_station` are absent where they
    were not said, and so are `notice_by` and `notice_at`: how and when the notice was given. Of the kind `forgotten` is
    what was left of a source that was forgotten: that the person is too young.
    """

    kind: ShownKind
    obtained_at: NotRequired[str]
    file: NotRequired[str]
    purpose: NotRequired[str]
    notice: NotRequired[str]
    of_age: NotRequired[bool]
    age_band: NotRequired[str]
    sex: NotRequired[str]
    polling_station: NotRequired[str]
    notice_by: NotRequired[str]
    notice_at: NotRequired[str]
    first_at: str
    last_at: str
    count: int
    addresses: list[AddressRef]
    source: str
    id: str


class ContactProfile(TypedDict):
    """The value of `contact-state` and of `state` in Redis: all that is known of one person.

    `last_active_at`: when the person last did something of their own; absent where they never did. `consent_ledger`:
    every word on consent in the order of time; absent where nothing was said. `provenance`: by whom
    and how what is known was got, the earliest first; absent where nobody says so. Each `_left_out`: how many of very
    many these leave out; absent where none is.
    """

    contact_id: str
    version: int
    first_seen: str | None
    last_seen: str | None
    last_active_at: NotRequired[str]
    counts: dict[str, int]
    email: EmailProfile
    donations: DonationProfile
    canvass: CanvassProfile
    ballot: dict[str, Ballot]
    tags: list[str]
    experiments: list[Assignment]
    addresses: list[Address]
    zones: Zones
    touches: list[Touch]
    stops: Stops
    pressure: Pressure
    consent: dict[ConsentChannel, bool]
    merged_from: list[str]
    consent_ledger: NotRequired[list[ConsentWord]]
    provenance: NotRequired[list[ProvenanceItem]]
    consent_ledger_left_out: NotRequired[int]
    provenance_left_out: NotRequired[int]


class ContactLink(TypedDict):
    """The value of `contact-links`: who an id belongs to that was merged into another."""

    merged_into: str


class Suppression(TypedDict):
    """Why a channel is closed to everyone; without `until` for ever."""

    reason: str
    since: str
    until: NotRequired[str]
    source: str
    id: str


Suppressions = dict[Channel, Suppression]
"""The value of `contact-suppressions`."""


class Alert(TypedDict):
    """The value of `contact-alerts`. `alert_id` is a hash of rule, contact, trigger and policy version."""

    alert_id: str
    rule: str
    contact_id: str
    at: str
    evidence: list[EvidenceItem]
    detail: str


class SystemAlert(TypedDict):
    """The value of `system-alerts`; `subject` is a campaign, team, source, topic or experiment."""

    alert_id: str
    rule: str
    subject: str
    at: str
    evidence: list[EvidenceItem]
    detail: str


class CampaignHold(TypedDict):
    """The value of `campaign-holds`: the campaign may reach nobody; `until` null for ever. `by`: who decided it."""

    campaign_id: str
    until: str | None
    by: str
    at: str


class CampaignTransparency(TypedDict):
    """The value of `campaign-transparency`: who pays for a campaign, how much, for which election, and when it runs.

    `amount`: minor units of `currency`, all of it together. `begins`, `ends`: days. `funding`: whose money it is.
    `controlled_by`: who decides over the sponsor. `basis`: how the amount was reckoned. `notice_url`: where the notice
    is published. `by`: who wrote it down. The latest record of a campaign counts.
    """

    campaign_id: str
    sponsor: str
    contact: str
    amount: int
    currency: str
    begins: str
    ends: str
    election: NotRequired[str]
    controlled_by: NotRequired[str]
    funding: NotRequired[Literal["private", "public", "mixed"]]
    basis: NotRequired[str]
    notice_url: NotRequired[str]
    by: str
    at: str


class AuditedDecision(TypedDict):
    """What was answered of one person; `decision` and `reason` null where the profile itself was read."""

    contact_id: str
    decision: str | None
    reason: str | None


class AuditedCount(TypedDict):
    """How many rows of a list were answered alike."""

    decision: str
    reason: str
    rows: int


AuditedLook = Literal["read", "list", "permission", "audience", "rights"]
"""What `audit-log` has besides what is changed from the console."""


class AuditRecord(TypedDict):
    """The value of `audit-log`: `team` did `what` at a time. Of one request there may be several, by its `request`.

    `counts`: of a list that `harmonia permit` judged, how many rows got each answer; `answers` is empty then.
    `viewer`: who looked in the console, and `reason`: why, in their words or as a code. `segment`: whose members were
    read or asked about, or which is defined or withdrawn. `detail`: what exactly was done in the console, such as until
    when, or of a request by which somebody uses a right. A `preview` is about nobody: of how many people its `criteria`
    would let in. `automatic`: whether a machine was to call, where that was said. `reserved_s`: for how many seconds
    those of a list who may be reached were reserved.
    Of an `audience` for ads (`used_for`) `gated` says whether the gate was asked, `criteria` by which segments
    people were chosen, or `label` by what the sender of a list says they were, `as_of` until when all that was said of
    them was heeded, and `detail` what came of it.
    """

    request: str
    at: str
    team: str
    what: AuditedLook | ConsoleAct | Literal["preview"]
    channel: Channel | None
    purpose: Purpose | None
    campaign_id: str | None
    policy_version: str | None
    answers: list[AuditedDecision]
    counts: NotRequired[list[AuditedCount]]
    viewer: NotRequired[str]
    reason: NotRequired[str]
    segment: NotRequired[str]
    detail: NotRequired[str]
    automatic: NotRequired[bool]
    reserved_s: NotRequired[int]
    used_for: NotRequired[Literal["online_ads"]]
    gated: NotRequired[bool]
    criteria: NotRequired[list[SegmentDefinitionTable]]
    label: NotRequired[str]
    as_of: NotRequired[str]
