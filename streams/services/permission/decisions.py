"""Judging many people at once: what is known of them, who has reserved them, and the decision about each.

Whoever wants to reserve does so before anything is decided, on what is read after that: then of two teams that ask at
once the second finds the first one's reservation, or is first itself. What was not allowed is given back.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from events.interactions.base import Channel
from events.outputs import ContactProfile
from events.times import render_time
from sinks.lookup import Contact, Erased, Found, Incomplete, Lookup, Reserved, Seen, Unknown
from sinks.reservations import Refused, Reservation, Reservations, Taken, Wanted
from streams.domain.pressure import (
    Decision,
    Hold,
    KnownContact,
    PermissionRequest,
    Policy,
    Question,
    answer,
    prepare,
    worst_known_ref,
)
from streams.domain.pressure import Reservation as Pending
from streams.platform.cooperative import in_turns


@dataclass(frozen=True, slots=True)
class Asked:
    """One person. `names`: a contact_id, or hashes; none: nothing that can be read.

    `refs`: of the address meant, under each key that is valid, the newest first; none: whichever address is best.
    """

    names: Sequence[str]
    refs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """A request about many; `at` in ms since 1970. `reserve_ms`: for how long to reserve whoever is allowed."""

    request: PermissionRequest
    at: int
    asked: Sequence[Asked]
    reserve_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer about one person; `contact_id` None: named by nothing that can be read."""

    contact_id: str | None
    decision: Decision
    reservation: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """In the order asked; `as_of`: how old what was known is, ms since 1970."""

    policy_version: str
    as_of: int
    judged: Sequence[Judged]


Result = tuple[int, list[Judged]]
"""`as_of`, and the answers about whoever is named."""
_UNREADABLE = Decision("deny", "unknown_address")
_MOVED = Decision("defer", "reserved")
"""Somebody became another person in the middle, or is held until before the time that is asked about: ask again."""


class Judge:
    """Judges batches. Every call may raise SinkUnavailable; then nobody is allowed, and reservations expire.

    `keep` writes down, where no flush reaches it, until when reservations may last, before any is taken; what it raises
    ends the call.
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

    async def judge(self, batch: Batch) -> Answers | Incomplete:
        """The answers, or why Redis cannot be relied on.

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
        as_of, judged = found
        following = iter(judged)
        answers = [next(following) if asked.names else Judged(None, _UNREADABLE) for asked in batch.asked]
        return Answers(policy.version, as_of, answers)

    async def _look(self, batch: Batch, asked: Iterable[Asked]) -> Seen | Incomplete:
        return await self._lookup.look([one.names for one in asked], batch.request.campaign_id)

    async def _judge(self, batch: Batch, policy: Policy, asked: Sequence[Asked]) -> Result | Incomplete:
        seen = await self._look(batch, asked)
        if isinstance(seen, Incomplete):
            return seen
        question = _question(policy, batch, seen)
        rows = zip(asked, seen.contacts, seen.reserved, strict=True)
        return seen.as_of, await in_turns(lambda row: _judged(question, *row), rows)

    async def _reserve(self, batch: Batch, policy: Policy, asked: Sequence[Asked]) -> Result | Incomplete:
        ids = await self._lookup.ids([one.names for one in asked])
        if isinstance(ids, Incomplete):
            return ids
        now = self._clock()
        mine = Reservation(batch.request.team, secrets.token_hex(16), now, now + (batch.reserve_ms or 0))
        await self._keep(mine.until)
        hands = _Hands(self._reservations, batch.request.channel, mine)
        kept: set[str | None] = set()
        try:
            found = await self._decide(batch, policy, asked, hands, ids)
            if not isinstance(found, Incomplete):
                kept = {one.contact_id for one in found[1] if one.reservation is not None}
        finally:
            await hands.give_back(kept)
        return found

    async def _decide(
        self, batch: Batch, policy: Policy, asked: Sequence[Asked], hands: "_Hands", ids: Seen
    ) -> Result | Incomplete:
        await hands.take(Wanted(contact_id) for contact_id in {contact.contact_id for contact in ids.contacts})
        seen = await self._look(batch, asked)
        if isinstance(seen, Seen) and (over := list(_confirmed(seen, hands))):
            await hands.take(over)
            seen = await self._look(batch, asked)  # what the other team has done counts, and all that came since
        if isinstance(seen, Incomplete):
            return seen
        giving = _Giving(_question(policy, batch, seen), hands)
        rows = zip(asked, seen.contacts, seen.reserved, strict=True)
        return seen.as_of, await in_turns(lambda row: giving.judged(*row), rows)


class _Hands:
    """What one request has reserved, and who has what it could not have."""

    def __init__(self, reservations: Reservations, channel: Channel, mine: Reservation) -> None:
        self._reservations = reservations
        self.channel = channel
        self.mine = mine
        self.taken: dict[str, Taken] = {}
        self.refused: dict[str, Reservation] = {}

    async def take(self, wanted: Iterable[Wanted]) -> None:
        """Ask for these; what was refused before may be taken now."""
        rows = list(wanted)
        for row, found in zip(rows, await self._reservations.reserve(self.channel, self.mine, rows), strict=True):
            if isinstance(found, Refused):
                self.refused[row.contact_id] = found.holder
            else:
                self.refused.pop(row.contact_id, None)
                self.taken[row.contact_id] = found

    async def give_back(self, kept: Iterable[str | None]) -> None:
        """Release all but these."""
        keep = {*kept}
        back = [(contact_id, taken) for contact_id, taken in self.taken.items() if contact_id not in keep]
        if back:
            await self._reservations.release(self.channel, self.mine.token, back)


def _question(policy: Policy, batch: Batch, seen: Seen) -> Question:
    holds = () if seen.hold is None else (Hold(seen.hold.campaign_id, seen.hold.until),)
    return prepare(policy, batch.request, batch.at, holds, seen.lost_until)


def _judged(
    question: Question, asked: Asked, contact: Contact, reserved: Reserved, besides: Sequence[Pending] = ()
) -> Judged:
    known = _known(contact)
    ref = worst_known_ref(known, asked.refs)
    pending = [*_pending(known, reserved, question.request.team), *besides] if reserved or besides else ()
    return Judged(contact.contact_id, answer(question, known, ref=ref, reserved=pending))


class _Giving:
    """Gives what one request has reserved: to who is allowed and ours, and only once.

    A person who is in the list twice is reached once.
    """

    def __init__(self, question: Question, hands: _Hands) -> None:
        self._question = question
        self._hands = hands
        self._given: set[str] = set()

    def judged(self, asked: Asked, contact: Contact, reserved: Reserved) -> Judged:
        """The next answer."""
        one = _judged(self._question, asked, contact, reserved)
        contact_id = contact.contact_id
        if one.decision.decision != "allow":
            return one
        if contact_id in self._given:
            return self._waiting(self._hands.mine, asked, contact, reserved)
        if contact_id in self._hands.taken:
            self._given.add(contact_id)
            return Judged(contact_id, one.decision, self._hands.mine.token)
        holder = self._hands.refused.get(contact_id)
        return Judged(contact_id, _MOVED) if holder is None else self._waiting(holder, asked, contact, reserved)

    def _waiting(self, holder: Reservation, asked: Asked, contact: Contact, reserved: Reserved) -> Judged:
        """The answer while somebody has the person, whoever that is; never an allow, for it is not ours."""
        held = Pending(self._hands.channel, holder.team, holder.at, holder.until)
        found = _judged(self._question, asked, contact, reserved, [held])
        return Judged(contact.contact_id, _MOVED) if found.decision.decision == "allow" else found


def _known(contact: Contact) -> KnownContact:
    match contact:
        case Found():
            profile: ContactProfile = orjson.loads(contact.profile)
            return profile
        case Erased():
            return "erased"
        case Unknown():
            return None


def _pending(known: KnownContact, reserved: Mapping[Channel, Reservation], team: str) -> list[Pending]:
    """What others hold on any channel and have not used yet."""
    return [
        Pending(channel, held.team, held.at, held.until)
        for channel, held in reserved.items()
        if held.team != team and not _is_confirmed(known, channel, held)
    ]


def _is_confirmed(known: KnownContact, channel: Channel, held: Reservation) -> bool:
    """Whether a touch on the channel came after its start: from then on the touch counts, and not the reservation."""
    if not isinstance(known, dict):
        return False
    since = render_time(held.at)
    return any(touch["channel"] == channel and touch["at"] >= since for touch in known["touches"])


def _confirmed(seen: Seen, hands: _Hands) -> Iterable[Wanted]:
    """Whom another team has reserved and reached: the reservation may be replaced, if it still is that one."""
    for contact in {contact.contact_id: contact for contact in seen.contacts}.values():
        holder = hands.refused.get(contact.contact_id)
        if holder is not None and _is_confirmed(_known(contact), hands.channel, holder):
            yield Wanted(contact.contact_id, holder.token)
