"""`/segments/{segment}/members`: who is in a segment, for who may see people and segments of all regions.

A reason has to be given first, and each person who is named is written down as looked at. Whoever may judge lists gets
from here to those members who may be reached, which is a list like any other.
"""

from collections.abc import Sequence

from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.pages import segments
from streams.services.console.pages.segments import SEGMENT_ID, listed, stored_segments
from streams.services.console.rights import may
from streams.services.console.segment_lists import LOOKED_AT, Member, members_after
from streams.services.permission.decision_messages import incomplete_message

A_PAGE = 100
"""People on a page, about."""
PLACE = r"s\.[0-9]{1,6}\.[0-9]{1,20}|k\.[0-9]{1,6}\.[0-9]{1,20}\.[^\s]{1,256}"


async def enter(asked: PageRequest) -> None:
    """Raises PageRefused for who does not see segments, and for a segment that is not defined."""
    if not may(asked.viewer, "see_segments"):
        text = "None of your roles may do this. Whoever keeps the file of people can change that."
        raise PageRefused(403, "Not for your roles", text)
    await segments.enter(asked)


async def load_members(asked: PageRequest) -> Loaded:
    """Some members, once a reason is given. Raises AuditUnavailable."""
    segment = asked.params["segment"]
    stored = await stored_segments(asked, segment)
    if segment not in stored.definitions:
        raise Withheld("This segment was withdrawn.")
    members: Sequence[Member] = ()
    after = ""
    if asked.reason:
        reader = SegmentsReader(asked.redis, asked.deps.settings.profiles_oldest_s)
        found = await members_after(reader, stored, segment, asked.params.get("after", ""), A_PAGE)
        if isinstance(found, Incomplete):
            raise Withheld(incomplete_message(found))
        members, after = found.members, found.after
        await asked.deps.views.people(asked.viewer, asked.reason, sorted(each.contact_id for each in members))
    one = listed(segment, stored.definitions[segment], stored)
    shown = {"one": one, "members": members, "after": after, "reason": asked.reason, "by_clock": asked.by_clock}
    return Loaded({**shown, "to": f"/segments/{segment}/members", "looked_at": LOOKED_AT}, stored.as_of)


MEMBERS = Page(
    path="/segments/{segment}/members",
    name="segment_members",
    title="Who is in it",
    act="see_people",
    blocks=(Block("members", 0, load_members, "segment_members.html", "Who is in it"),),
    params={"segment": SEGMENT_ID, "after": PLACE},
    enter=enter,
    template="segment_members_page.html",
)
PAGES = (MEMBERS,)
