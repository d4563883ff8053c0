"""Says that two contacts are one person, or that they are two. The later of both counts, and undoes the other."""

import re
from typing import Literal

from events.fields import CONTACT_ID_PATTERN
from streams.services.console.acting.decisions import decide, decider, known_people
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import NotForYou
from streams.services.console.outcomes import Outcome, done, not_done
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited

DUPLICATES = "/people/duplicates"
_is_contact_id = re.compile(CONTACT_ID_PATTERN).fullmatch


async def link(asked: ActRequest) -> Outcome | Ready:
    """Make one person of two."""
    return await _pair(asked, "link")


async def unlink(asked: ActRequest) -> Outcome | Ready:
    """Make two people of one, whatever they have in common."""
    return await _pair(asked, "unlink")


async def _pair(asked: ActRequest, act: Literal["link", "unlink"]) -> Outcome | Ready:
    if asked.viewer.scope != EVERYTHING:
        raise NotForYou(asked.signed_in)
    one, other = asked.said.get("one", "").strip(), asked.said.get("other", "").strip()
    if not _is_contact_id(one) or not _is_contact_id(other) or one == other:
        return not_done("Nothing was done", "Give two contact ids that differ.", DUPLICATES, 422)
    if not asked.signed_in.session.reason:
        return not_done(
            "Nothing was done",
            "Say first why you look at this person: it is written down with what you do.",
            f"/people?for={one}",
            422,
        )
    found = await known_people(asked, [one, other])
    if isinstance(found, Outcome):
        return found
    back = f"{DUPLICATES}?one={one}&other={other}"
    make = decider(asked).link if act == "link" else decider(asked).unlink
    decision = make(one, other, asked.deps.wall())
    shown = (
        done("They are one person", "Redis shows one profile for both. The other decision undoes it exactly.", back)
        if act == "link"
        else done("They are two people", "Redis shows a profile of each. The other decision undoes it exactly.", back)
    )

    async def perform() -> Outcome:
        return await decide(asked, decision, found, shown)

    return Ready(Audited(contact_ids=[one, other]), perform)
