"""Permission requests and decisions: may this team reach this person on this channel, now."""

from typing import Literal, NamedTuple

from msgspec import Struct

from events.interactions.base import Channel, Purpose
from events.outputs import ContactProfile

Verdict = Literal["allow", "defer", "deny"]

Reason = Literal[
    "ok",
    "transactional",
    "erased",
    "deceased",
    "do_not_contact",
    "suppressed",
    "unsubscribed",
    "complained",
    "opted_out",
    "consent_withdrawn",
    "no_consent",
    "no_provenance",
    "no_notice",
    "sender_stopped",
    "list_stopped",
    "hard_bounced",
    "wrong_number",
    "soft_bouncing",
    "held",
    "transactional_not_allowed",
    "opposed",
    "voted",
    "maxed_out",
    "unknown_contact",
    "unknown_address",
    "cap",
    "cap_across_channels",
    "gap",
    "gap_across_teams",
    "gap_across_channels",
    "pressure",
    "reserved",
    "reservations_unknown",
    "hours",
]
"""Why. What each means is in `docs/policy.md`; a test holds the two together."""

REPEATED = "repeated_in_audience"
"""Why a row of a list is denied whose person an earlier row has been allowed: said of the row, not of the person."""

KnownProfile = ContactProfile | Literal["erased"] | None
"""What is known of whoever is asked about: a profile, that the person was erased, or nothing."""


class PermissionRequest(Struct, frozen=True, kw_only=True):
    """Whether `team` may send this. What is left out is not known, and judged as the worst that it can be.

    `source`: who would report the touch, as in an interaction. `ref`: the address that is meant (see `addresses` of the
    profile); None: the person, by whatever address is best. One phone `ref` serves text and phone. `automatic`: whether
    a machine calls, without anybody who speaks.
    """

    channel: Channel
    purpose: Purpose
    team: str
    source: str | None = None
    committee: str | None = None
    election: str | None = None
    campaign_id: str | None = None
    sender: str | None = None
    list_id: str | None = None
    ref: str | None = None
    automatic: bool | None = None


class Hold(NamedTuple):
    """A campaign that is held. `until`: ms; None: until it is released."""

    campaign_id: str
    until: int | None = None


class Reservation(NamedTuple):
    """A touch that another team has reserved on this person at `since`; it lapses at `until` (both ms)."""

    channel: Channel
    team: str
    since: int
    until: int


class Evidence(NamedTuple):
    """An interaction that is given as a reason for a decision."""

    source: str
    id: str


class Decision(Struct, frozen=True):
    """The answer about one person.

    `earliest_at`, ms: of an allow the time that was asked about; of a defer the first moment at which the answer is
    allow if nothing more is heard of the person, None where time alone changes nothing; of a deny the end of a stop
    that has one, else None. `expires_at`, ms: how long an allow holds; else None. `ref`: the address that was judged.
    `notice_due`: of an allow, that a condition of the policy asks for a notice which nobody has given the person yet.
    """

    decision: Verdict
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    earliest_at: int | None = None
    expires_at: int | None = None
    ref: str | None = None
    notice_due: bool = False
