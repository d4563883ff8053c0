"""The decision: allow, defer or deny, a pure function of what is known of a person, the policy, the request, the time.

The checks come in the order of `docs/policy.md`, and the first that says no gives the reason. What depends on the
policy, the request and the time alone is made once for a batch (`prepare`); `answer` is for each person.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.outputs import ContactProfile
from streams.domain.pressure.asking import Decision, Hold, KnownProfile, PermissionRequest, Reason, Reservation
from streams.domain.pressure.conditions import (
    conditions_on,
    first_meeting,
    notice_denial,
    unmet,
    unmet_by_a_stranger,
)
from streams.domain.pressure.denials import (
    JudgedAddress,
    address_denial,
    equals,
    judged_address,
    purpose_denial,
    stop_denial,
    worst_known_ref,
)
from streams.domain.pressure.hours import Opening, Week, next_opening
from streams.domain.pressure.known_by import is_known_otherwise, known_only_by
from streams.domain.pressure.limits import (
    Budget,
    Limit,
    ReachedLimit,
    limits,
    over_budget,
    points_budget,
    reached_limit,
    since_of,
)
from streams.domain.pressure.notices import UntoldTime, is_notice_due, untold_times
from streams.domain.pressure.policy import Permission, Policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.purposes import consent_denial, withdrawal
from streams.domain.pressure.time_zones import zones_of

Place = tuple[str | None, str | None, str | None]
_NOWHERE: Place = (None, None, None)
_ELSEWHERE = JudgedAddress(None, "ok")


class Question(Struct):
    """A request at a time under a policy, ready to be answered for many people.

    `since`: touches up to it count in nothing. `openings` fills as people come: when the channel is open where they
    are. `lost_until`, ms: until then what others have reserved is not known. `within`, ms: how long somebody may be
    reached without a notice; None: no condition asks for one.
    """

    policy: Policy
    request: PermissionRequest
    at: int
    limits: tuple[Limit, ...]
    budget: Budget | None
    since: str
    week: Week
    expiry: int
    unknown: Permission
    needs_consent: bool
    conditions: tuple[PolicyCondition, ...]
    within: int | None
    held: Decision | None
    refused: Decision | None
    lost_until: int
    openings: dict[Place, Opening | None]


def decide(  # noqa: PLR0913 (each is a part of the question)
    profile: KnownProfile,
    policy: Policy,
    request: PermissionRequest,
    at: int,
    *,
    holds: Iterable[Hold] = (),
    reserved: Sequence[Reservation] = (),
) -> Decision:
    """Whether `request` is allowed for one person at `at`, ms.

    `holds`: campaigns that are held. `reserved`: what others hold on this person. Raises OverflowError for a time
    in the years 1 or 9999.
    """
    return answer(prepare(policy, request, at, holds), profile, reserved=reserved)


def prepare(
    policy: Policy, request: PermissionRequest, at: int, holds: Iterable[Hold] = (), lost_until: int = 0
) -> Question:
    """All of a decision that does not depend on the person. `lost_until`: see `Question`."""
    channel = request.channel
    found = limits(policy, request, at)
    conditions = conditions_on(request, policy)
    return Question(
        policy=policy,
        request=request,
        at=at,
        limits=found,
        budget=points_budget(policy, request, at),
        since="" if policy.points is not None else since_of(at, max(limit.window for limit in found)),
        week=getattr(policy.hours, channel).week,
        expiry=getattr(policy.expiry, channel),
        unknown=getattr(policy.unknown, channel),
        needs_consent=channel in policy.closures.needs_consent,
        conditions=conditions,
        within=min((each.within for each in conditions if each.require == "notice"), default=None),
        held=_held(request, at, holds),
        refused=_refused(policy, request),
        lost_until=lost_until,
        openings={},
    )


def _held(request: PermissionRequest, at: int, holds: Iterable[Hold]) -> Decision | None:
    """Of several holds on the campaign the one that ends last is told."""
    ends = [hold.until for hold in holds if hold.campaign_id == request.campaign_id]
    binding = [end for end in ends if end is not None and end > at]
    if None in ends:
        return Decision("deny", "held")
    return Decision("deny", "held", earliest_at=max(binding)) if binding else None


def _refused(policy: Policy, request: PermissionRequest) -> Decision | None:
    """A transactional message of somebody who may send none."""
    allowed = policy.transactional
    if request.purpose != "transactional" or request.source in allowed.sources or request.team in allowed.teams:
        return None
    return Decision("deny", "transactional_not_allowed")


def answer(
    question: Question, profile: KnownProfile, *, refs: Sequence[str] = (), reserved: Sequence[Reservation] = ()
) -> Decision:
    """The decision about one person.

    `refs`: of the address that is meant, if not that of the request; it has one for each key of its hash.
    """
    asked = worst_known_ref(profile, refs) or question.request.ref
    address = _address(question, profile, asked, refs) if isinstance(profile, dict) else _ELSEWHERE
    decision = _stopped(question, profile, address) or _judged(question, profile, address, reserved)
    ref = address.ref or asked
    if question.within is not None and decision.decision == "allow" and isinstance(profile, dict):
        due = is_notice_due(profile, question.at, _aside(question, profile, address))
        decision = replace(decision, notice_due=due)
    return decision if ref is None else replace(decision, ref=ref)


def _aside(question: Question, profile: ContactProfile, address: JudgedAddress) -> Collection[str]:
    """Kinds of source by which the person is not reached here, since they are known by others."""
    sources = question.policy.unknown.sources
    return sources if address.status is not None and is_known_otherwise(profile, sources) else ()


def _address(question: Question, profile: ContactProfile, ref: str | None, refs: Sequence[str]) -> JudgedAddress:
    """Where none was asked for, of the best ones that which meets the conditions."""
    channel = question.request.channel
    unknown = known_only_by(profile, question.policy.unknown.sources)
    address = judged_address(profile, channel, ref, unknown)
    if not question.conditions or address.ref is None:
        return address
    if ref is not None:
        return address._replace(refs=refs)
    return first_meeting(profile, equals(profile, channel, address, unknown), question.conditions) or address


def _stopped(question: Question, profile: KnownProfile, address: JudgedAddress) -> Decision | None:
    """What not even a transactional message may pass."""
    return (
        stop_denial(profile, question.policy, question.request, question.at)
        or withdrawal(profile, question.request, question.policy)
        or address_denial(address)
        or question.held
        or question.refused
    )


def _judged(
    question: Question, profile: KnownProfile, address: JudgedAddress, reserved: Sequence[Reservation]
) -> Decision:
    known = profile if isinstance(profile, dict) else None
    if question.request.purpose == "transactional":
        return _transactional(question, known)
    no = _unknown(question) if known is None else _unwelcome(question, known, address)
    if no is not None:
        return no
    opening = _opening(question, known)
    if opening is None:
        return Decision("deny", "hours")
    blocks = _blocks(question, known, reserved)
    decision = _deferred(question, known, blocks) if blocks else _allowed_in(opening, question)
    if known is None or question.within is None:
        return decision
    return _in_time(decision, untold_times(known, question.within, _aside(question, known, address)))


def _in_time(decision: Decision, untold: Sequence[UntoldTime]) -> Decision:
    """An allow ends where somebody should have been told where their data come from; who waits until then is denied."""
    earliest, expires = decision.earliest_at, decision.expires_at
    if earliest is None:
        return decision
    if expires is None:
        return notice_denial(one.item for one in untold if one.has(earliest)) or decision
    return replace(decision, expires_at=min([expires, *(one.since for one in untold if one.since > earliest)]))


def _transactional(question: Question, known: ContactProfile | None) -> Decision:
    if question.request.channel == "email" and question.policy.hours.transactional_email == "any_time":
        return Decision("allow", "transactional", (), question.at, question.at + question.expiry)
    opening = _opening(question, known)
    return Decision("deny", "hours") if opening is None else _allowed_in(opening, question)


def _unknown(question: Question) -> Decision | None:
    if question.unknown == "deny":
        return Decision("deny", "unknown_contact")
    return Decision("deny", "no_consent") if question.needs_consent else unmet_by_a_stranger(question.conditions)


def _unwelcome(question: Question, profile: ContactProfile, address: JudgedAddress) -> Decision | None:
    """What speaks against the touch, whenever it is."""
    if question.unknown == "deny" and not is_known_otherwise(profile, question.policy.unknown.sources):
        return Decision("deny", "unknown_contact")
    soft = question.policy.closures.soft_bouncing
    if address.status == "soft_bouncing" and soft != "allow":
        return Decision(soft, "soft_bouncing")
    rules = question.policy.closures.consent
    if question.needs_consent and (no := consent_denial(profile, question.request, rules)) is not None:
        return no
    if question.conditions and (no := _unmet(question, profile, address)) is not None:
        return no
    if (no := purpose_denial(profile, question.policy, question.request)) is not None:
        return no
    return Decision("deny", "unknown_address") if address.status is None and question.unknown == "deny" else None


def _unmet(question: Question, profile: ContactProfile, address: JudgedAddress) -> Decision | None:
    aside = () if question.within is None else _aside(question, profile, address)
    rules = question.policy.closures.consent
    return unmet(profile, question.request, question.conditions, address, rules, at=question.at, aside=aside)


def _opening(question: Question, profile: ContactProfile | None) -> Opening | None:
    """When the channel is next open where the person is; None: never."""
    zones = None if profile is None else profile["zones"]
    place = _NOWHERE if zones is None else (zones["time_zone"], zones["region"], zones["postal_code"])
    if place not in question.openings:
        where = zones_of(zones, question.policy.hours.country)
        question.openings[place] = next_opening(where, question.week, question.at)
    return question.openings[place]


def _blocks(question: Question, profile: ContactProfile | None, reserved: Sequence[Reservation]) -> list[ReachedLimit]:
    """Every limit that is reached, the first that is to be told first."""
    blocks: list[ReachedLimit] = []
    if profile is not None:
        since = question.since
        touches = [touch for touch in profile["touches"] if touch["at"] > since and touch["purpose"] != "transactional"]
        if touches:
            found = (reached_limit(limit, touches) for limit in question.limits)
            blocks = [block for block in found if block is not None]
            if question.budget is not None and (block := over_budget(question.budget, touches)) is not None:
                blocks.append(block)
    ends = [reservation.until for reservation in reserved if reservation.until > question.at]
    if ends:
        blocks.append(ReachedLimit("reserved", max(ends), ()))
    if question.lost_until > question.at:
        blocks.append(ReachedLimit("reservations_unknown", question.lost_until, ()))
    return blocks


def _deferred(question: Question, profile: ContactProfile | None, blocks: Sequence[ReachedLimit]) -> Decision:
    """To the first time that all limits leave room and the channel is open."""
    first = blocks[0]
    zones = zones_of(None if profile is None else profile["zones"], question.policy.hours.country)
    opening = next_opening(zones, question.week, max(block.until for block in blocks))
    return Decision("defer", first.reason, first.evidence, None if opening is None else opening.since)


def _allowed_in(opening: Opening, question: Question) -> Decision:
    if opening.since > question.at:
        return Decision("defer", "hours", earliest_at=opening.since)
    reason: Reason = "transactional" if question.request.purpose == "transactional" else "ok"
    return Decision("allow", reason, (), question.at, min(question.at + question.expiry, opening.until))
