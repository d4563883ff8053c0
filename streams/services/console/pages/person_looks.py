"""A look at a person: why, who they are, and what it comes to; it is in `audit-log` before anything is shown.

A profile is shown to somebody who has said in this session why, and whose scope the person is in.
"""

from typing import cast

import orjson
from msgspec import Struct

from events.identifiers import Hasher, is_identity_hash, kind_of
from events.outputs import ContactProfile
from sinks.lookup import ContactAnswer, ErasedContact, Incomplete, KnownContact, ReservationsByChannel
from streams.domain.messages import CodedMessage
from streams.services.console.page import Elsewhere, PageRefused, PageRequest, Withheld
from streams.services.console.rights import Viewer
from streams.services.contact_decisions.effects import suppression_of
from streams.services.permission.decision_messages import incomplete_message

REASONS = ("called", "complaint", "rights", "mistake", "task")
"""Why somebody looks at a person; each is a sentence of `reasons` in the template."""


class Subject(Struct, frozen=True):
    """The person of a page. `profile` None: Redis lacks something, and `lacking` says what.

    `is_stopped`: somebody here has stopped all contact with them. `reserved`: who is about to reach them, by channel.
    """

    contact_id: str
    profile: ContactProfile | None
    as_of_ms: int | None = None
    lacking: CodedMessage | None = None
    is_stopped: bool = False
    reserved: ReservationsByChannel = {}


async def enter(asked: PageRequest) -> Subject:
    """Find the person of the page, and write the look down. Raises what is shown in their place."""
    contact_id = asked.params["contact_id"]
    if not asked.reason:
        raise Elsewhere(f"/people?for={contact_id}")
    seen = await asked.deps.lookup.look([[contact_id]])
    if isinstance(seen, Incomplete):
        await asked.deps.views.person(asked.viewer, asked.reason, contact_id, "incomplete")
        return Subject(contact_id, None, None, incomplete_message(seen))
    [found] = seen.contacts
    outcome = outcome_of(found, asked.viewer)
    await asked.deps.views.person(asked.viewer, asked.reason, found.contact_id, outcome)
    if outcome == "outside":
        asked.deps.metrics.refused.labels("scope").inc()
    if outcome == "erased" and asked.viewer.scope.regions is None:
        raise PageRefused(410, "Forgotten", "This person was forgotten. Nothing is kept but that.")
    if not isinstance(found, KnownContact) or outcome == "outside":
        raise PageRefused.not_found()
    if found.contact_id != contact_id:
        raise Elsewhere(f"/people/{found.contact_id}")
    is_stopped = suppression_of(found, asked.wall_ms) is not None
    return Subject(contact_id, orjson.loads(found.profile), seen.as_of, None, is_stopped, seen.reserved[0])


def outcome_of(found: ContactAnswer, viewer: Viewer) -> str:
    """What a look at somebody comes to: found, erased, unknown, or outside the viewer's scope."""
    if isinstance(found, ErasedContact):
        return "erased"
    if not isinstance(found, KnownContact):
        return "unknown"
    region = orjson.loads(found.profile)["zones"]["region"]
    return "found" if viewer.scope.has_region(region) else "outside"


def whole_subject(asked: PageRequest) -> Subject:
    """The subject, if Redis has all that there is. Raises Withheld where it has not."""
    subject = cast(Subject, asked.subject)
    if subject.lacking is not None:
        raise Withheld(subject.lacking)
    return subject


def short_name(name: str) -> str:
    """An id as a page shows it: of a hash the kind and the first digits."""
    return f"{kind_of(name)}:{name.partition(':')[2][:8]}…" if is_identity_hash(name) else name


def unknown_name(name: str, hasher: Hasher) -> str:
    """What is written down of somebody whom nobody knows: a hash, since what looks like an id may be a number or name.

    The same word has the same hash, so it is seen whether somebody tries many.
    """
    return name if is_identity_hash(name) else hasher.lookups("external", f"contact_id:{name}")[0]
