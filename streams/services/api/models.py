"""Requests and responses of the API. Their names are in the public contract."""

from datetime import date
from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

from events.fields import MAX_ID, MAX_TEXT, ContactId, Label
from events.interactions.base import Channel, TakenPurpose
from events.outputs import EvidenceItem
from events.rights_requests import ExtensionReason, RightsKind, RightsOutcome
from events.segments import Membership, SegmentDefinitionTable, SegmentState
from events.times import parse_time
from streams.domain.pressure import Reason, Verdict
from streams.domain.rights.plain import PlainRequest
from streams.domain.segments.previews import MOST_ASKED

MOST_CONTACTS = 10_000
LONGEST_RESERVATION_S = 86_400
MEMBERS_AT_ONCE = 1_000
MOST_PLACE = 512
NAMES = ("contact_id", "voter_id", "external", "email", "phone")

Word = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Short = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
Sender = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, json_schema_extra={"pattern": r"[\p{L}\p{N}]"})]
"""A sender has a letter or a digit of any script, by which senders are told apart; the route refuses others in plain
words."""


def _time(text: str) -> str:
    if parse_time(text) is None:
        raise ValueError("give an RFC 3339 time with an offset, such as 2012-02-22T00:00:00Z")
    return text


At = Annotated[str, Field(pattern=r"^[12]\d{3}-", json_schema_extra={"format": "date-time"}), AfterValidator(_time)]
"""The years 1000 to 2999: at the ends of the calendar nothing can be reckoned."""


def _whole(value: object) -> object:
    """Turn 15.0 into 15: to JSON Schema both are integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Strict(BaseModel):
    """A request model that refuses unknown fields; null counts as absent."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Person(_Strict):
    """A person, by one name at least; of several the strongest that is known counts.

    `email` and `phone` in any written form; one of the channel's kind is the address that is judged.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    contact_id: ContactId | None = None
    voter_id: Short | None = Field(None, description="`<state>:<id>`")
    external: Annotated[dict[Short, Short], Field(max_length=16)] | None = Field(None, description="By system")
    email: Word | None = None
    phone: Word | None = None


class PermissionTerms(_Strict):
    """What people are to be asked for. What is left out is judged as the worst that it can be.

    `at`: now, if absent. `team`: the token's; a token of team `*` has to say. `reserve`: for so many seconds nobody
    else is allowed to reach whoever is allowed here; needs the scope `reserve`. `automatic`: whether a machine calls,
    without anybody who speaks.
    """

    channel: Channel
    purpose: TakenPurpose
    at: At | None = None
    team: Short | None = None
    source: Short | None = None
    committee: Short | None = None
    election: Short | None = None
    campaign_id: Short | None = None
    sender: Sender | None = None
    list_id: Short | None = None
    automatic: bool | None = None
    reserve: Annotated[int, Field(ge=1, le=LONGEST_RESERVATION_S), BeforeValidator(_whole)] | None = None


class PermissionsAsked(PermissionTerms):
    """Whether these people may be reached. For the other fields see `PermissionTerms`."""

    contacts: Annotated[list[Person], Field(min_length=1, max_length=MOST_CONTACTS)]


class SegmentPermissionsAsked(PermissionTerms):
    """Whether members of a segment may be reached: so many of them behind a place, which `next` of a page has told."""

    after: Annotated[str, Field(max_length=MOST_PLACE)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_CONTACTS), BeforeValidator(_whole)] = MEMBERS_AT_ONCE


def _a_day(text: str) -> str:
    date.fromisoformat(text)
    return text


Day = Annotated[
    str,
    Field(pattern=r"^[12]\d{3}-\d{2}-\d{2}$", json_schema_extra={"format": "date"}),
    AfterValidator(_a_day),
]


class _OfTeam(_Strict):
    """What a team writes down; a token of team `*` has to name it."""

    team: Short | None = None


class RightAsked(_OfTeam):
    """That a person uses a right over their data, named by one identifier, under which the request is kept.

    `received`: the day on which it came, from which the month runs; today, if absent. `anyway`: write it down although
    nobody is known by that.
    """

    kind: RightsKind
    contact: Person
    received: Day | None = None
    anyway: bool = False

    @property
    def day(self) -> date | None:
        """The day on which it came, where that was said."""
        return None if self.received is None else date.fromisoformat(self.received)


class OnADay(_OfTeam):
    """On which day the person was told: `on`, or today."""

    on: Day | None = None

    @property
    def day(self) -> date | None:
        """The day on which the person was told, where that was said."""
        return None if self.on is None else date.fromisoformat(self.on)


class RightsExtensionAsked(OnADay):
    """The person was told that it takes two further months, and why: one of the two reasons of article 12 (3)."""

    reason: ExtensionReason


class RightsCloseAsked(OnADay):
    """What the person was told. `reference`: where the letter is kept, a label such as `letters/17`, and no name."""

    outcome: RightsOutcome
    reference: Label | None = None


class RightsRequestAnswer(PlainRequest):
    """A request as it stands. `stopped`: of an objection that was just sent, whether all contact is seen to be stopped.

    Where it is `false` that was ordered, and Redis does not show it yet.
    """

    stopped: NotRequired[bool]


class RightsRequestsAnswer(TypedDict):
    """Requests, the one that is due first at the front."""

    requests: list[PlainRequest]


class PermissionAnswer(TypedDict):
    """The decision about one person. `contact_id` null: named by nothing that can be read.

    `ref`: the address that was judged. `earliest_at`: when to come again; `expires_at`: how long an allow holds.
    `notice_due`: of an allow, that the person is to be told with it where their data come from; absent where not.
    """

    contact_id: str | None
    ref: NotRequired[str]
    decision: Verdict
    reason: Reason
    evidence: list[EvidenceItem]
    earliest_at: str | None
    expires_at: str | None
    reservation: NotRequired[str]
    notice_due: NotRequired[bool]


class PermissionAnswers(TypedDict):
    """The decisions, in the order asked; `as_of`: all that was known then counts.

    `remarks`: names of the request that may be misspelled, if there are any; the decisions are about them as they are.
    """

    policy_version: str
    as_of: str
    decisions: list[PermissionAnswer]
    remarks: NotRequired[list[str]]


class SegmentPermissionAnswers(PermissionAnswers):
    """The decisions about members of a segment, in the order of the list; `next`: where to go on, null at the end."""

    next: str | None


class SegmentCounts(TypedDict):
    """What all partitions have counted of a segment; `partitions`: how many say that everybody is judged.

    `state`: `filling` while people are still judged anew; then `members` is not the last word.
    """

    edition: str
    state: SegmentState
    members: int
    entered: int
    left: int
    as_of: str
    partitions: int


class SegmentShown(TypedDict):
    """A segment. `counts` null: nobody has been judged yet. `members_kept`: whether a list of its members can be read.

    `no`: its definition does not say `members = true`; `gathering`: not all of them yet; `full`: they are too many.
    """

    definition: SegmentDefinitionTable
    counts: SegmentCounts | None
    members_kept: Literal["no", "gathering", "kept", "full"]


class SegmentList(TypedDict):
    """All segments that are defined, by id."""

    segments: list[SegmentShown]


class SegmentMember(TypedDict):
    """A member of a segment, and since when."""

    contact_id: str
    since: str


class SegmentMembers(TypedDict):
    """Members of a segment, and how many there are in all. `next`: where to go on, null at the end.

    `state`: as of `counts`, null where nobody has been judged yet.
    """

    segment: str
    state: SegmentState | None
    members: int
    contacts: list[SegmentMember]
    next: str | None


class SegmentsOfContact(TypedDict):
    """The segments that a contact is in, as `contact-segments` has it; `version` 0: the contact was never in any."""

    contact_id: str
    version: int
    as_of: str
    segments: dict[str, Membership]


class SegmentPreviewAsked(_Strict):
    """Segments that are not defined yet, as in a file of definitions; they may refer to those that are."""

    segment: Annotated[list[dict[str, JsonValue]], Field(min_length=1, max_length=MOST_ASKED)]


class PreviewedSegment(TypedDict):
    """How many would be in a segment; with 95 % confidence no fewer than `low` and no more than `high`.

    Numbers are in tens. `count` alone is null where fewer than ten of those judged would be in it: the answer is the
    same for none to nine. All three are null where too little was answered to say anything.
    """

    id: str
    count: int | None
    low: int | None
    high: int | None


class PreviewPartitions(TypedDict):
    """How many partitions have answered, of how many; those that have stand for the others."""

    answered: int
    all: int


class SegmentPreviewAnswer(TypedDict):
    """What a preview has found. `people`: how many there are, about; `judged`: contacts that were looked at.

    `exact`: everybody was judged, in the partitions that have answered.
    """

    segments: list[PreviewedSegment]
    people: int | None
    judged: int
    exact: bool
    partitions: PreviewPartitions
