"""Decides permission for a batch of people: reads profiles and reservations from Redis, and reserves who is allowed.

Reservations are taken before anything is decided, and profiles are read after that: of two teams that ask at once, the
second finds the first one's reservation. Reservations of people who are not allowed are released.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from events.interactions.base import Channel
from events.outputs import ContactProfile
from events.times import render_time
from sinks.lookup import (
    ContactAnswer,
    ErasedContact,
    Incomplete,
    KnownContact,
    Lookup,
    LookupReply,
    ReservationsByChannel,
    UnknownContact,
)
from sinks.reservations import Reservation, ReservationGranted, ReservationRefused, ReservationRequest, Reservations
from streams.domain.pressure import (
    Decision,
    Hold,
    KnownProfile,
    PermissionRequest,
    Policy,
    Question,
    answer,
    prepare,
)
from streams.domain.pressure import Reservation as Pending
from streams.platform.cooperative import map_cooperatively
from streams.services.permission.near_names import StoppedNames


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """One person of a request. `names`: a contact_id or identifier hashes; empty: no identifier could be read.

    `refs`: references of the address to judge, one for each valid key, newest first; empty: the best address is judged.
    """

    names: Sequence[str]
    refs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PermissionBatch:
    """A permission request about several people; `at`: ms since 1970. `reserve_ms`: how long to reserve the allowed.

    `list_id`: of the list that they are reserved with; empty for none.
    """

    request: PermissionRequest
    at: int
    asked: Sequence[AskedPerson]
    reserve_ms: int | None = None
    list_id: str = ""


@dataclass(frozen=True, slots=True)
class JudgedPerson:
    """The decision about one person. `contact_id` None: no identifier could be read. `reservation`: its token."""

    contact_id: str | None
    decision: Decision
    reservation: str | None = None


@dataclass(frozen=True, slots=True)
class BatchAnswers:
    """Decisions in the order of the request. `as_of`: everything known until then counts, ms since 1970.

    For remarks on names that are misspelled: `stopped`, senders and lists that the people asked about have stopped;
    `held`, the campaigns that are on hold, where the one asked for is not.
    """

    policy_version: str
    as_of: int
    judged: Sequence[JudgedPerson]
    stopped: StoppedNames = field(default_factory=StoppedNames)
    held: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Result:
    """The look-up, the decisions about people with a readable identifier, and what these have stopped."""

    seen: LookupReply
    judged: list[JudgedPerson]
    stopped: StoppedNames


@dataclass(frozen=True, slots=True)
class _BatchQuestion:
    """The prepared question of a batch; `stopped` collects what the judged people have stopped."""

    question: Question
    stopped: StoppedNames = field(default_factory=StoppedNames)


_UNREADABLE = Decision("deny", "unknown_address")
_ASK_AGAIN = Decision("defer", "reserved")
"""For a person whose cluster changed during the request, or is reserved only until before the time asked for."""


class PermissionJudge:
    """Decides batches. Every call may raise SinkUnavailable; then nobody is allowed, and reservations expire.

    `keep` records in Kafka, which no flush of Redis reaches, until when reservations may last; it is awaited before any
    is taken, and what it raises ends the call.
    """

    def __init__(
        self,
        lookup: Lookup,
        reservations: Reservations,
        policy: Callable[[], Policy],
        clock: Callable[[], int],
        keep: Callable[[int], Awaitable[None]],
    ) -> None:
        self._lookup = lookup
        self._reservations = reservations
        self._policy = policy
        self._clock = clock
        self._keep = keep

    @property
    def policy(self) -> Policy:
        """The policy that holds now."""
        return self._policy()

    async def judge(self, batch: PermissionBatch) -> BatchAnswers | Incomplete:
        """The decisions, or why Redis cannot be relied on.

        Transactional messages skip the caps, so they neither wait for a reservation nor need one.
        """
        readable = [asked for asked in batch.asked if asked.names]
        policy = self._policy()
        if batch.reserve_ms is None or batch.request.purpose == "transactional":
            found = await self._judge(batch, policy, readable)
        else:
            found = await self._reserve(batch, policy, readable)
        if isinstance(found, Incomplete):
            return found
        following = iter(found.judged)
        answers = [next(following) if asked.names else JudgedPerson(None, _UNREADABLE) for asked in batch.asked]
        held = [hold.campaign_id for hold in found.seen.others_held if hold.binds(batch.at)]
        return BatchAnswers(policy.version, found.seen.as_of, answers, found.stopped, held)

    async def _look_up(self, batch: PermissionBatch, asked: Iterable[AskedPerson]) -> LookupReply | Incomplete:
        return await self._lookup.look([one.names for one in asked], batch.request.campaign_id)

    async def _judge(
        self, batch: PermissionBatch, policy: Policy, asked: Sequence[AskedPerson]
    ) -> _Result | Incomplete:
        seen = await self._look_up(batch, asked)
        if isinstance(seen, Incomplete):
            return seen
        asking = _BatchQuestion(_question(policy, batch, seen))
        rows = zip(asked, seen.contacts, seen.reserved, strict=True)
        judged = await map_cooperatively(lambda row: _judge_one(asking, *row), rows)
        return _Result(seen, judged, asking.stopped)

    async def _reserve(
        self, batch: PermissionBatch, policy: Policy, asked: Sequence[AskedPerson]
    ) -> _Result | Incomplete:
        ids = await self._lookup.ids([one.names for one in asked])
        if isinstance(ids, Incomplete):
            return ids
        now = self._clock()
        until = now + (batch.reserve_ms or 0)
        mine = Reservation(batch.request.team, secrets.token_hex(16), now, until, batch.list_id)
        await self._keep(mine.until)
        held = _RequestReservations(self._reservations, batch.request.channel, mine)
        kept: set[str | None] = set()
        try:
            found = await self._decide(batch, policy, asked, held, ids)
            if not isinstance(found, Incomplete):
                kept = {one.contact_id for one in found.judged if one.reservation is not None}
        finally:
            await held.give_back(kept)
        return found

    async def _decide(
        self,
        batch: PermissionBatch,
        policy: Policy,
        asked: Sequence[AskedPerson],
        held: "_RequestReservations",
        ids: LookupReply,
    ) -> _Result | Incomplete:
        await held.take(
            ReservationRequest(contact_id) for contact_id in {contact.contact_id for contact in ids.contacts}
        )
        seen = await self._look_up(batch, asked)
        if isinstance(seen, LookupReply) and (over := list(_confirmed(seen, held))):
            await held.take(over)
            seen = await self._look_up(batch, asked)  # what the other team has done counts, and all that came since
        if isinstance(seen, Incomplete):
            return seen
        asking = _BatchQuestion(_question(policy, batch, seen))
        giving = _ReservationGrants(asking, held)
        rows = zip(asked, seen.contacts, seen.reserved, strict=True)
        return _Result(seen, await map_cooperatively(lambda row: giving.judged(*row), rows), asking.stopped)


class _RequestReservations:
    """Reservations of one request: those taken, and the holders of those refused."""

    def __init__(self, reservations: Reservations, channel: Channel, mine: Reservation) -> None:
        self._reservations = reservations
        self.channel = channel
        self.mine = mine
        self.taken: dict[str, ReservationGranted] = {}
        self.refused: dict[str, Reservation] = {}

    async def take(self, wanted: Iterable[ReservationRequest]) -> None:
        """Try to reserve these people; one that was refused before may succeed now."""
        rows = list(wanted)
        for row, found in zip(rows, await self._reservations.reserve(self.channel, self.mine, rows), strict=True):
            if isinstance(found, ReservationRefused):
                self.refused[row.contact_id] = found.holder
            else:
                self.refused.pop(row.contact_id, None)
                self.taken[row.contact_id] = found

    async def give_back(self, kept: Iterable[str | None]) -> None:
        """Release all reservations but those of these contacts."""
        keep = {*kept}
        back = [(contact_id, taken) for contact_id, taken in self.taken.items() if contact_id not in keep]
        if back:
            await self._reservations.release(self.channel, self.mine.token, back)


def _question(policy: Policy, batch: PermissionBatch, seen: LookupReply) -> Question:
    holds = () if seen.hold is None else (Hold(seen.hold.campaign_id, seen.hold.until),)
    return prepare(policy, batch.request, batch.at, holds, seen.lost_until)


def _judge_one(
    asking: _BatchQuestion,
    asked: AskedPerson,
    contact: ContactAnswer,
    reserved: ReservationsByChannel,
    besides: Sequence[Pending] = (),
) -> JudgedPerson:
    known, question = _known(contact), asking.question
    asking.stopped.see(known, question.request)
    pending = [*_pending(known, reserved, question.request.team), *besides] if reserved or besides else ()
    return JudgedPerson(contact.contact_id, answer(question, known, refs=asked.refs, reserved=pending))


class _ReservationGrants:
    """Decides people of one reserving request: an allow needs the request's own reservation, and is given once.

    A person who is in the list twice is allowed once.
    """

    def __init__(self, asking: _BatchQuestion, held: _RequestReservations) -> None:
        self._asking = asking
        self._held = held
        self._given: set[str] = set()

    def judged(self, asked: AskedPerson, contact: ContactAnswer, reserved: ReservationsByChannel) -> JudgedPerson:
        """The decision about the next person of the request."""
        one = _judge_one(self._asking, asked, contact, reserved)
        contact_id = contact.contact_id
        if one.decision.decision != "allow":
            return one
        if contact_id in self._given:
            return self._waiting(self._held.mine, asked, contact, reserved)
        if contact_id in self._held.taken:
            self._given.add(contact_id)
            return JudgedPerson(contact_id, one.decision, self._held.mine.token)
        holder = self._held.refused.get(contact_id)
        return (
            JudgedPerson(contact_id, _ASK_AGAIN) if holder is None else self._waiting(holder, asked, contact, reserved)
        )

    def _waiting(
        self, holder: Reservation, asked: AskedPerson, contact: ContactAnswer, reserved: ReservationsByChannel
    ) -> JudgedPerson:
        """The decision while somebody else holds the reservation; never an allow."""
        held = Pending(self._held.channel, holder.team, holder.at, holder.until)
        found = _judge_one(self._asking, asked, contact, reserved, [held])
        return JudgedPerson(contact.contact_id, _ASK_AGAIN) if found.decision.decision == "allow" else found


def _known(contact: ContactAnswer) -> KnownProfile:
    match contact:
        case KnownContact():
            profile: ContactProfile = orjson.loads(contact.profile)
            return profile
        case ErasedContact():
            return "erased"
        case UnknownContact():
            return None


def _pending(known: KnownProfile, reserved: Mapping[Channel, Reservation], team: str) -> list[Pending]:
    """Reservations of other teams, on any channel, for which no touch was reported yet."""
    return [
        Pending(channel, held.team, held.at, held.until)
        for channel, held in reserved.items()
        if held.team != team and not _is_confirmed(known, channel, held)
    ]


def _is_confirmed(known: KnownProfile, channel: Channel, held: Reservation) -> bool:
    """Whether a touch on the channel was reported since the reservation began: then the touch counts instead of it."""
    if not isinstance(known, dict):
        return False
    since = render_time(held.at)
    return any(touch["channel"] == channel and touch["at"] >= since for touch in known["touches"])


def _confirmed(seen: LookupReply, held: _RequestReservations) -> Iterable[ReservationRequest]:
    """People whom another team has reserved and reached: that very reservation may be replaced."""
    for contact in {contact.contact_id: contact for contact in seen.contacts}.values():
        holder = held.refused.get(contact.contact_id)
        if holder is not None and _is_confirmed(_known(contact), held.channel, holder):
            yield ReservationRequest(contact.contact_id, holder.token)
