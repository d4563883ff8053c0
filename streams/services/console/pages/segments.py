"""`/segments` and `/segments/{id}`: which segments there are, how many are in each, and what each says, in words.

What is shown is what the sink of segments has in Redis. `segment_members.py` says who is in one.
"""

from collections.abc import Sequence

import orjson
from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from events.segments import SegmentState
from events.times import parse_time
from events.topics import SEGMENT_COUNTS
from sinks.lookup import Incomplete
from sinks.segment_lookup import SegmentsReader, StoredSegments
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.compiled_segments import read_definition
from streams.domain.segments.conditions import Canvass, Gifts, Group, SegmentDefinition
from streams.domain.segments.definition_files import definition_toml
from streams.domain.segments.segment_totals import SegmentTotal, added_up
from streams.services.console import desk_segments
from streams.services.console.charts import sparkline
from streams.services.console.desk_schema import DAY_MS
from streams.services.console.desk_segments import Members
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.rights import FEWEST, Viewer, lacking, may
from streams.services.console.segment_asking import kept_from
from streams.services.console.segment_rows import SegmentDraft, draft_of
from streams.services.console.segment_sentences import described
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import Words
from streams.services.permission.decision_messages import incomplete_message

EVERY_S = 5
CURVE_EVERY_S = 60
CURVE_MS = 7 * DAY_MS
SEGMENT_ID = r"[A-Za-z0-9._-]{1,64}"


class ListedSegment(Struct, frozen=True):
    """A line of the list. Numbers are None where nobody has counted yet; `state` then too."""

    id: str
    owner: str
    state: SegmentState | None
    members: int | None
    entered: int | None
    left: int | None
    as_of_ms: int | None
    edition: str


async def load_list(asked: PageRequest) -> Loaded:
    """All segments that are defined, by id."""
    stored = await stored_segments(asked)
    found = [listed(name, value, stored) for name, value in sorted(stored.definitions.items())]
    return Loaded({"found": found, "fewest": FEWEST}, stored.as_of)


async def load_figures(asked: PageRequest) -> Loaded:
    """How many are in the segment, and how many came and went."""
    stored, value = await _one(asked)
    one = listed(asked.params["segment"], value, stored)
    return Loaded({"one": one, "fewest": FEWEST, "by_clock": asked.by_clock}, stored.as_of)


async def load_curve(asked: PageRequest) -> Loaded:
    """How many were in the segment over the last week, by the quarter of an hour."""
    name = asked.params["segment"]
    await _one(asked)
    until = asked.wall_ms
    curve = await asked.ask(desk_segments.member_curve, name, until - CURVE_MS, until)
    fresh = await standing_of(asked, SEGMENT_COUNTS)
    return Loaded(
        {"curve": curve, "chart": curve_chart(curve, asked.words), "fewest": FEWEST},
        fresh.as_of_ms,
        fresh.stopped_at_ms,
    )


def curve_chart(curve: Sequence[Members], words: Words) -> Markup:
    """A curve of members, empty where there are not two moments to draw it between; few are drawn as none."""
    if len(curve) < 2:
        return Markup("")
    drawn = [each.members if each.members >= FEWEST else 0 for each in curve]
    about = words.text(
        "between {least} and {most} since {time}",
        least=words.number(min(drawn)),
        most=words.number(max(drawn)),
        time=words.moment(curve[0].at_ms),
    )
    return sparkline(drawn, None, about)


async def load_definition(asked: PageRequest) -> Loaded:
    """What the segment says, in words."""
    stored, value = await _one(asked)
    read = read_definition(value)
    lines = [] if isinstance(read, FileMistakes) else [*described(read.conditions, 0)]
    return Loaded({"lines": lines}, stored.as_of)


def listed(name: str, value: bytes, stored: StoredSegments) -> ListedSegment:
    """The line of one segment."""
    counts = [orjson.loads(count) for count in stored.counts.get(name, ())]
    total = added_up(counts, stored.partitions)
    owner = orjson.loads(value).get("owner", "")
    if total is None:
        return ListedSegment(name, owner, None, None, None, None, None, "")
    return _counted(name, owner, total)


def _counted(name: str, owner: str, total: SegmentTotal) -> ListedSegment:
    at = parse_time(total.as_of)
    return ListedSegment(name, owner, total.state, total.members, total.entered, total.left, at, total.edition)


async def load_acts(asked: PageRequest) -> Loaded:
    """The ways to change the segment, for who may."""
    stored, _ = await _one(asked)
    return Loaded({"segment": asked.params["segment"]}, stored.as_of)


async def enter_new(asked: PageRequest) -> SegmentDraft:
    """The draft to begin with."""
    kept, language = kept_from(asked.viewer), asked.words.language
    conditions = Group(all=(Canvass(canvass="contacts", within="30d", at_least=1),))
    if Gifts.head not in kept:
        conditions = Group(all=(Gifts(gifts="net", currency="USD", within="365d", at_least=5000),))
    example = SegmentDefinition("a-new-segment", conditions, owner_of(asked.viewer))
    return replace(draft_of(definition_toml(example), [example], language), kept=kept)


def owner_of(viewer: Viewer) -> str:
    """Whose a segment is that somebody begins: theirs, or their team's where they see that of some teams alone."""
    teams = viewer.scope.teams
    return viewer.name if teams is None else min(teams, default=viewer.name)


async def enter_edit(asked: PageRequest) -> SegmentDraft:
    """The definition of the segment as a draft. Raises PageRefused where it is not defined."""
    await enter(asked)
    try:
        _, value = await _one(asked)
    except Withheld:
        return await enter_new(asked)
    read = read_definition(value)
    if isinstance(read, FileMistakes):
        return SegmentDraft(value.decode())
    draft = draft_of(definition_toml(read), [read], asked.words.language)
    return replace(draft, kept=kept_from(asked.viewer))


async def enter_withdraw(asked: PageRequest) -> None:
    """Raises PageRefused for a segment that is not defined, or that the viewer may not withdraw."""
    if not may(asked.viewer, "withdraw_segment"):
        raise PageRefused.not_allowed(lacking(asked.viewer, "withdraw_segment"))
    await enter(asked)


async def enter(asked: PageRequest) -> None:
    """Refuse a segment that is not defined; while Redis lacks something nobody knows, and the blocks say so."""
    seen = await _reader(asked).all(asked.params["segment"])
    if not isinstance(seen, Incomplete) and asked.params["segment"] not in seen.definitions:
        raise PageRefused(404, "No such segment", "The list of segments names those that are defined.")


async def _one(asked: PageRequest) -> tuple[StoredSegments, bytes]:
    stored = await stored_segments(asked, asked.params["segment"])
    value = stored.definitions.get(asked.params["segment"])
    if value is None:
        raise Withheld("This segment was withdrawn.")
    return stored, value


async def stored_segments(asked: PageRequest, segment: str | None = None) -> StoredSegments:
    """What Redis has. Raises Withheld where it lacks something, or the viewer sees a part of people only."""
    scope = asked.viewer.scope
    if scope.regions is not None or scope.committees is not None:
        raise Withheld("Segments count people of all regions and committees, and you see a part of these.")
    seen = await _reader(asked).all(segment)
    if isinstance(seen, Incomplete):
        raise Withheld(incomplete_message(seen))
    return seen


def _reader(asked: PageRequest) -> SegmentsReader:
    return SegmentsReader(asked.redis, asked.deps.settings.profiles_oldest_s)


SEGMENTS = Page(
    path="/segments",
    name="segments",
    title="Segments",
    menu="People",
    act="see_segments",
    blocks=(Block("segments", EVERY_S, load_list, "segments_list.html"),),
    template="segments.html",
)
SEGMENT = Page(
    path="/segments/{segment}",
    name="segment",
    title="Segment",
    act="see_segments",
    blocks=(
        Block("figures", EVERY_S, load_figures, "segment_figures.html", "Who is in it"),
        Block("curve", CURVE_EVERY_S, load_curve, "segment_curve.html", "Members over a week", STALE_S),
        Block("definition", EVERY_S, load_definition, "segment_definition.html", "What it says"),
        Block("acts", EVERY_S, load_acts, "segment_acts.html", "Change it"),
    ),
    params={"segment": SEGMENT_ID},
    enter=enter,
    template="segment.html",
)
SEGMENT_NEW = Page(
    path="/segments/new",
    name="segment_new",
    title="Try out a segment",
    act="see_segments",
    blocks=(),
    enter=enter_new,
    template="segment_builder.html",
)
SEGMENT_EDIT = Page(
    path="/segments/{segment}/edit",
    name="segment_edit",
    title="Try out a segment",
    act="see_segments",
    blocks=(),
    params={"segment": SEGMENT_ID},
    enter=enter_edit,
    template="segment_builder.html",
)
SEGMENT_WITHDRAW = Page(
    path="/segments/{segment}/withdraw",
    name="segment_withdraw",
    title="Withdraw a segment",
    act="see_segments",
    blocks=(Block("figures", 0, load_figures, "segment_figures.html", "Who is in it"),),
    params={"segment": SEGMENT_ID},
    enter=enter_withdraw,
    template="segment_withdraw.html",
)
PAGES = (SEGMENTS, SEGMENT_NEW, SEGMENT, SEGMENT_EDIT, SEGMENT_WITHDRAW)
