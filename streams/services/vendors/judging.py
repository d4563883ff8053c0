"""Judges people of a vendor's list by what Redis has of them: profiles, links, and the segments that they are in."""

import asyncio
import time
from collections.abc import Callable, Sequence

import orjson

from events.channels import LimitedPurpose
from sinks.lookup import ContactAnswer, ErasedContact, Incomplete, KnownContact, Lookup
from sinks.segment_lookup import SegmentsReader
from streams.domain.pressure import KnownProfile, Policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.vendors.reconciling import TagQuestion, VendorOutcome, suppression_outcome, tag_outcome
from streams.domain.vendors.standing import NamedContact
from streams.platform.errors import Unusable
from streams.platform.identity_key import OF_OTHER_SETTINGS
from streams.services.vendors.journal import ReadPerson
from streams.services.vendors.segment_watch import SegmentWatch, lacking

ASKED_AT_ONCE = 8
"""Memberships that are asked for at once."""


class Memberships:
    """Who is in one segment, as long as everybody is judged by one and the same definition of it.

    `policy`: that of now, which has to be the workers'.
    """

    def __init__(self, reader: SegmentsReader, segment: str, policy: Callable[[], Policy]) -> None:
        self._reader = reader
        self._segment = segment
        self._watch = SegmentWatch(reader, segment, lambda: channel_rules(policy()))
        self._gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def among(self, contact_ids: Sequence[str]) -> set[str]:
        """Those of some contacts, none of whom was merged, who are in the segment."""
        are = await asyncio.gather(*map(self._has, contact_ids))
        await self._watch.look()  # afterwards: a segment that began to be judged anew meanwhile shows
        return {contact_id for contact_id, is_in in zip(contact_ids, are, strict=True) if is_in}

    async def _has(self, contact_id: str) -> bool:
        async with self._gate:
            stored = await self._reader.of(contact_id)
        if isinstance(stored, Incomplete):
            raise lacking(stored)
        return stored.value is not None and self._segment in orjson.loads(stored.value)["segments"]


class PeopleJudge:
    """Says what is to be done about people; `members` None: about their suppression. `policy`: that of now.

    `purpose`: see `TagQuestion`.

    Raises SinkUnavailable, and `Unusable` while Redis lacks something: who is missing there would look unknown.
    """

    def __init__(
        self,
        lookup: Lookup,
        policy: Callable[[], Policy],
        members: Memberships | None,
        purpose: LimitedPurpose | None = None,
    ) -> None:
        self._lookup = lookup
        self._purpose = purpose
        self._policy = policy
        self._members = members
        self.policy_version = ""

    async def outcomes(self, people: Sequence[ReadPerson]) -> list[VendorOutcome]:
        """The outcome for each, in their order, as of now."""
        seen = await self._lookup.look([names for each in people for names in each.person.names])
        if isinstance(seen, Incomplete):
            settled = OF_OTHER_SETTINGS.get(seen.why)
            raise lacking(seen) if settled is None else Unusable(settled)
        known = {found.contact_id for found in seen.contacts if isinstance(found, KnownContact)}
        members = set[str]() if self._members is None else await self._members.among(sorted(known))
        following, policy = iter(seen.contacts), self._policy()
        self.policy_version = policy.version
        question = TagQuestion(channel_rules(policy), time.time_ns() // 1_000_000, self._purpose)
        return [
            self._outcome(each, [_named(next(following), members) for _ in each.person.names], question)
            for each in people
        ]

    def _outcome(self, read: ReadPerson, found: Sequence[NamedContact], question: TagQuestion) -> VendorOutcome:
        is_held = read.handle is not None
        if self._members is None:
            return suppression_outcome(read.person, found, is_held=is_held, at=question.at)
        return tag_outcome(read.person, found, question, is_held=is_held)


def _named(contact: ContactAnswer, members: set[str]) -> NamedContact:
    return NamedContact(contact.contact_id, _profile(contact), contact.contact_id in members)


def _profile(contact: ContactAnswer) -> KnownProfile:
    if isinstance(contact, KnownContact):
        profile: KnownProfile = orjson.loads(contact.profile)
        return profile
    return "erased" if isinstance(contact, ErasedContact) else None
