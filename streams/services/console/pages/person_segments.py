"""`/people/{contact_id}/segments?segment=`: why a person is in a segment or is not, condition by condition.

`harmonia segments explain` finds it out in a child process of low priority, since that reads a partition of the table.
What somebody has given is for roles that see money alone, and so is whether a condition about gifts holds.
"""

import asyncio
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from events.harmonised import team_of
from events.segments import Membership
from events.times import parse_time
from streams.domain.messages import CodedMessage, Field, Listed, message, visible_message
from streams.domain.segments.conditions import Canvass, Gifts, PostalCode, Touches, UnansweredMails
from streams.domain.segments.explanation import Explanation
from streams.services.console.jobs import Job, TooManyJobs
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRequest
from streams.services.console.pages.person import PERSON
from streams.services.console.pages.person_looks import Subject, enter, whole_subject
from streams.services.console.pages.runs import read_answer, waited_s
from streams.services.console.pages.segments import SEGMENT_ID
from streams.services.console.rights import SEES_MONEY, Viewer

FRESH_MS = 30_000
"""How old an explanation may be that is shown again."""
WAIT_S = 8.0
"""Seconds that a page waits for an explanation; after that it says that there is none yet."""
_UNTOLD = frozenset({PostalCode.head})
"""Conditions of which it is told whether they hold, and not what is known: that is said nowhere else either."""

_OF_TOUCHES = frozenset({Touches.head, UnansweredMails.head, Canvass.head})
"""Conditions that rest on touches, which are told without team, source and id where they are another team's."""


class ExplainedMember(Struct, frozen=True):
    """The answer of `harmonia segments explain --json`. `member`: since when by the workers; None: they say no."""

    segment: str
    contact_id: str
    at: str
    member: Membership | None
    coded: Explanation


class ReasonRow(Struct, frozen=True):
    """A condition or a group of them. `depth`: within how many groups; `holds` None: that is not for who looks.

    `found`: what is known, None of a group and where it is not for who looks. `is_wanted`: false within `none`.
    """

    depth: int
    told: CodedMessage
    holds: bool | None
    found: CodedMessage | None
    is_wanted: bool


async def enter_why(asked: PageRequest) -> Subject:
    """Find the person of the page, and write the look down. Raises what is shown in their place."""
    contact_id, segment = asked.params["contact_id"], asked.params.get("segment", "")
    if not segment:
        raise Elsewhere(f"/people/{contact_id}")
    if not asked.reason:
        raise Elsewhere(f"/people?for={contact_id}&segment={segment}")
    try:
        return await enter(asked)
    except Elsewhere as other:
        raise Elsewhere(explanation_path(other.path.rpartition("/")[2], segment)) from None


async def load_why(asked: PageRequest) -> Loaded:
    """Each condition of the segment, whether it holds of the person, and what is known."""
    subject, segment = whole_subject(asked), asked.params["segment"]
    job = await _explained(asked, subject.contact_id, segment)
    found = read_answer(job, _read)
    data: dict[str, object] = {"job": job, "found": found, "segment": segment, "contact_id": subject.contact_id}
    if found is None:
        return Loaded({**data, "waited_s": waited_s(job, asked)}, None)
    since = None if found.member is None else asked.by_clock(parse_time(found.member["since"]))
    rows = [*reason_rows(found.coded, asked.viewer)]
    hides_any = any(row.holds is None for row in rows)
    return Loaded({**data, "since_ms": since, "rows": rows, "hides": hides_any}, parse_time(found.at))


async def _explained(asked: PageRequest, contact_id: str, segment: str) -> Job | None:
    """The run that explains it, which has ended unless it takes long; None: too many are waiting."""
    jobs, about = asked.deps.jobs, f"explain {segment} {contact_id}"
    job = jobs.latest(about, FRESH_MS)
    if job is None:
        try:
            job = jobs.read(asked.viewer.name, about, ("segments", "explain", "--json", "--", segment, contact_id))
        except TooManyJobs:
            return None
    if job.task is not None:
        await asyncio.wait({job.task}, timeout=WAIT_S)
    return job


def reason_rows(explanation: Explanation, viewer: Viewer, depth: int = 0) -> Iterator[ReasonRow]:
    """The lines of an explanation for somebody."""
    is_hidden = hides(explanation, viewer)
    found = None if is_hidden or explanation.head in _UNTOLD else explanation.found
    if found is not None and explanation.head in _OF_TOUCHES:
        found = _of_own_teams(found, viewer)
    yield ReasonRow(
        depth,
        visible_message(explanation.told),
        None if is_hidden else explanation.answer,
        None if found is None else visible_message(found),
        explanation.is_wanted,
    )
    for part in explanation.parts:
        yield from reason_rows(part, viewer, depth + 1)


def _of_own_teams(found: CodedMessage, viewer: Viewer) -> CodedMessage:
    """What is known by touches, of which those of teams outside a viewer's scope are not named."""
    by = found.fields.get("interactions")
    if not isinstance(by, Listed):
        return found
    own = tuple(each for each in by.items if viewer.scope.has_team(_team_behind(each)))
    others = len(by.items) - len(own)
    if not others:
        return found
    shown = Listed((*own, message("evidence.untold")), by.left_out + others - 1)
    return msgspec.structs.replace(found, fields={**found.fields, "interactions": shown})


def _team_behind(interaction: Field) -> str | None:
    source = interaction.fields.get("source") if isinstance(interaction, CodedMessage) else None
    return team_of(source) if isinstance(source, str) else None


def hides(explanation: Explanation, viewer: Viewer) -> bool:
    """Whether a condition, or any in a group, is about gifts that are not for who looks."""
    if explanation.parts:
        return any(hides(part, viewer) for part in explanation.parts)
    if explanation.head != Gifts.head:
        return False
    committees = viewer.scope.committees
    is_within = committees is None or explanation.committee in committees
    return viewer.roles.isdisjoint(SEES_MONEY) or not is_within


_read = msgspec.json.Decoder(ExplainedMember).decode


def explanation_path(contact_id: str, segment: str) -> str:
    """Where it is told why somebody is in a segment or not."""
    return f"/people/{contact_id}/segments?segment={segment}"


WHY = Page(
    path="/people/{contact_id}/segments",
    name="person_segment",
    title="In a segment, or not",
    act="see_people",
    blocks=(Block("reasons", 0, load_why, "person_reasons.html", "Why, or why not"),),
    params={"contact_id": PERSON.params["contact_id"], "segment": SEGMENT_ID, "by": PERSON.params["by"]},
    enter=enter_why,
    template="person_segment.html",
)
PAGES = (WHY,)
