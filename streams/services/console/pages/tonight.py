"""`/`: what needs you, in sentences; the last hour beside the same hour a week before; and how each team goes.

A figure and what it is compared with are of the same minutes: both hours end at the last full five.
"""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from streams.domain.messages import Change
from streams.services.console import desk_campaigns, desk_notices, desk_reading
from streams.services.console.charts import Frame, Mark, MarkKind, sparkline, time_marks
from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Span
from streams.services.console.desk_reading import Curve, Figures, Slots
from streams.services.console.desk_schema import COARSE_MS, DAY_MS, HOUR_MS
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.console.pages.campaigns import recent
from streams.services.console.pages.needs import load_needs
from streams.services.console.rights import FEWEST, Scope, Viewer, may
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import UNKNOWN, Words

EVERY_S = 2
WEEK_MS = 7 * DAY_MS
CURVES_MS = 6 * HOUR_MS
SENT = ("email.sent", "text.sent")
STOPS = ("email.unsubscribed", "email.complained", "text.opted_out")
REPORT = "canvass.reported"
MONEY = ("donation.made", "donation.refunded")


class Hour(Struct, frozen=True):
    """What the desk has of an hour. None: it does not have all of that time.

    `people`: how many the canvass reports are about; None: not known.
    """

    figures: Mapping[str, Figures]
    net: Mapping[str, int]
    people: int | None


class Facts(Struct, frozen=True):
    """The hour up to the last full five minutes and the same hour a week before, of which all figures are.

    `since`: figures of what came after that hour, up to now; None: not known.
    """

    since_ms: int
    until_ms: int
    last: Hour | None
    before: Hour | None
    since: Mapping[str, Figures] | None


class FigureView(Struct, frozen=True):
    """A figure with what it was a week before. All as the reader reads it.

    `since`: what came after the hour; empty where that is not told.
    """

    label: str
    value: str
    before: str
    change: str
    since: str = ""


class TeamRow(Struct, frozen=True):
    """The curve of a team. `hour`: the last hour of the curve, which `change` compares; `peak`: of five minutes."""

    team: str
    chart: Markup
    hour: int
    change: str
    peak: int


class AxisMark(Struct, frozen=True):
    """What happened on the axis of time."""

    at: int
    kind: MarkKind
    campaign: str


def hours(desk: Desk, now_ms: int, scope: Scope) -> Facts:
    """The last hour and the same a week before. Cells of a week ago are of five minutes, so hours end at such."""
    whole = now_ms // COARSE_MS * COARSE_MS
    since = whole - HOUR_MS
    known = desk_reading.known_since_ms(desk)

    def figures(span: Span) -> Mapping[str, Figures] | None:
        if known is None or known > span.since:
            return None
        return {group.values[0]: group.figures for group in desk_reading.figures_by(desk, span, scope)}

    def hour(span: Span) -> Hour | None:
        found = figures(span)
        if found is None:
            return None
        money = desk_reading.money(desk, span, scope)
        fields = desk_reading.regions(desk, span, scope)
        people = [each.people for each in fields]
        counted = None if None in people else sum(each for each in people if each is not None)
        net = money[0].net if money else {}
        met = sum(each.contacted for each in fields)
        return Hour({**found, "met": Figures(counted=met)}, net, counted)

    return Facts(
        since_ms=since,
        until_ms=whole,
        last=hour(Span(since, whole)),
        before=hour(Span(since - WEEK_MS, whole - WEEK_MS)),
        since=figures(Span(whole, now_ms + 1)),
    )


async def load_figures(asked: PageRequest) -> Loaded:
    """Six figures of the last hour, of those that the reader may see."""
    facts = await asked.ask(hours, asked.now_ms, asked.viewer.scope)
    fresh = await standing_of(asked)
    data = {"figures": [*figure_views(facts, asked.viewer, asked.words)], "facts": facts}
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def figure_views(facts: Facts, viewer: Viewer, words: Words) -> Iterator[FigureView]:
    """The figures that somebody may see, each beside its week before."""
    if may(viewer, "see_money"):
        yield _money(facts, words)
    if may(viewer, "see_field"):
        yield _count(words.text("Doors and calls"), facts, (REPORT,), words)
        yield _met(facts, words)
        yield _supporters(facts, words)
    if may(viewer, "see_campaigns"):
        yield _count(words.text("Messages sent"), facts, SENT, words)
        yield _count(words.text("Left or complained"), facts, STOPS, words)


def _change(words: Words, now: float | None, before: float | None) -> str:
    return words.show(Change(now, before))


def _counted(hour: Hour | None, types: Sequence[str]) -> int | None:
    return None if hour is None else sum(hour.figures[name].counted for name in types if name in hour.figures)


def _count(label: str, facts: Facts, types: Sequence[str], words: Words) -> FigureView:
    """A count with what came since, which is told of what is no answer of people's."""
    last, before = (_counted(each, types) for each in (facts.last, facts.before))
    since = None if types is STOPS else facts.since
    more = None if since is None else sum(since[name].counted for name in types if name in since)
    told = words.text("and {n} since {time}", n=more, time=words.time(facts.until_ms)) if more else ""
    return FigureView(label, words.number(last), words.number(before), _change(words, last, before), told)


def _money(facts: Facts, words: Words) -> FigureView:
    last, before = sums = [_net(each) for each in (facts.last, facts.before)]
    main = max(last, key=lambda currency: abs(last[currency]), default=None) if last else None
    if main is None:
        main = next(iter(before or ()), None)
    pair = (None if each is None or main is None else each.get(main, 0) for each in sums)
    shown = [UNKNOWN if each is None else _whole(each, main, words) for each in sums]
    return FigureView(words.text("Raised, less refunds"), shown[0], shown[1], _change(words, *pair))


def _net(hour: Hour | None) -> Mapping[str, int] | None:
    """The money of an hour; None where it is of so few gifts and refunds that it would tell one of them."""
    return None if hour is None or 0 < (_counted(hour, MONEY) or 0) < FEWEST else hour.net


def _whole(amounts: Mapping[str, int], main: str | None, words: Words) -> str:
    """Amounts without cents; nothing at all as a nought of the main currency, where one is known."""
    nothing = words.number(0) if main is None else words.money(0, main, whole=True)
    return " + ".join(words.money(amounts[name], name, whole=True) for name in sorted(amounts)) or nothing


def _is_shown(hour: Hour | None) -> bool:
    """Whether what people said may be shown: of ten or more. Of old hours only how many were met is known."""
    if hour is None:
        return False
    people = hour.people if hour.people is not None else _counted(hour, ("met",)) or 0
    return people >= FEWEST


def _met(facts: Facts, words: Words) -> FigureView:
    def rate(hour: Hour | None) -> float | None:
        attempts, met = _counted(hour, (REPORT,)), _counted(hour, ("met",))
        return met / attempts if _is_shown(hour) and attempts and met is not None else None

    last, before = (rate(each) for each in (facts.last, facts.before))
    points = (
        ""
        if last is None or before is None
        else words.text("{points} points", points=words.signed(100 * (last - before), 1))
    )
    return FigureView(words.text("Met, of doors and calls"), words.share(last), words.share(before), points or UNKNOWN)


def _supporters(facts: Facts, words: Words) -> FigureView:
    def found(hour: Hour | None) -> int | None:
        if hour is None or not _is_shown(hour):
            return None
        return hour.figures[REPORT].supporters if REPORT in hour.figures else 0

    last, before = (found(each) for each in (facts.last, facts.before))
    return FigureView(
        words.text("Supporters found"), words.number(last), words.number(before), _change(words, last, before)
    )


class Evening(Struct, frozen=True):
    """The curves of teams, now and a week before, and what was sent and held."""

    slots: Slots
    now: Sequence[Curve]
    before: Sequence[Curve] | None
    marks: Sequence[AxisMark]


def evening(desk: Desk, now_ms: int, scope: Scope, *, sees_campaigns: bool) -> Evening | None:
    """The last six hours; None: the desk has nothing of them yet."""
    until = now_ms // COARSE_MS * COARSE_MS
    slots = Slots(until - CURVES_MS, until, COARSE_MS)
    known = desk_reading.known_since_ms(desk)
    if known is None:
        return None
    old = Slots(slots.since - WEEK_MS, slots.until - WEEK_MS, slots.length)
    return Evening(
        slots=slots,
        now=desk_reading.curves(desk, slots, scope),
        before=desk_reading.curves(desk, old, scope) if known <= old.since else None,
        marks=tuple(_marks(desk, slots, now_ms, scope)) if sees_campaigns else (),
    )


def _marks(desk: Desk, slots: Slots, now_ms: int, scope: Scope) -> Iterator[AxisMark]:
    """When campaigns of the scope began to be sent, and when they were held."""
    names = desk_campaigns.names(desk, recent(now_ms), scope)
    marks = [
        AxisMark(each.at_ms, "hold", each.campaign) for each in desk_notices.holds(desk, Span(slots.since, now_ms + 1))
    ]
    for campaign, first in desk_campaigns.begun(desk, Span(slots.since, slots.until), scope, SENT).items():
        start = first // COARSE_MS * COARSE_MS
        if start > slots.since:
            marks.append(AxisMark(start, "send", campaign))
    for mark in sorted(marks, key=lambda each: each.at):
        if mark.campaign in names:
            yield mark


async def load_teams(asked: PageRequest) -> Loaded:
    """A curve for each team, and what was sent and held."""
    sees = may(asked.viewer, "see_campaigns")
    found = await asked.ask(evening, asked.now_ms, asked.viewer.scope, sees_campaigns=sees)
    fresh = await standing_of(asked)
    if found is None:
        return Loaded({"rows": [], "axis": "", "ticks": [], "marks": []}, fresh.as_of_ms, fresh.stopped_at_ms)
    words, slots = asked.words, found.slots
    frame = Frame(slots.since, slots.until, 0, 1)
    axis = time_marks([Mark(each.at, each.kind) for each in found.marks], frame, words.text("What was sent and held"))
    ticks = [slots.since + place * CURVES_MS // 3 for place in range(4)]
    data = {"rows": [*team_rows(found, words)], "axis": axis, "ticks": ticks, "marks": found.marks}
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def team_rows(found: Evening, words: Words) -> Iterator[TeamRow]:
    """The row of each team of which anything was heard, the busiest first."""
    old = {curve.values[0]: curve.counted for curve in found.before or ()}
    slots = HOUR_MS // COARSE_MS
    for curve in found.now:
        team = curve.values[0]
        none = (0,) * len(curve.counted)
        before = None if found.before is None else old.get(team, none)
        hour, then = sum(curve.counted[-slots:]), None if before is None else sum(before[-slots:])
        about = words.text(
            "{team}: {n} in the last hour, {peak} in the busiest five minutes",
            team=team or UNKNOWN,
            n=hour,
            peak=max(curve.counted),
        )
        yield TeamRow(
            team=team or UNKNOWN,
            chart=sparkline(curve.counted, before, about),
            hour=hour,
            change=_change(words, hour, then),
            peak=max(curve.counted),
        )


TONIGHT = Page(
    path="/",
    name="tonight",
    title="Tonight",
    menu="Tonight",
    act="see_tonight",
    blocks=(
        Block("needs", EVERY_S, load_needs, "tonight_needs.html", "What needs you", STALE_S),
        Block("figures", EVERY_S, load_figures, "tonight_figures.html", "The last hour", STALE_S),
        Block("teams", EVERY_S, load_teams, "tonight_teams.html", "Teams, the last six hours", STALE_S),
    ),
    template="tonight.html",
)
PAGES = (TONIGHT,)
