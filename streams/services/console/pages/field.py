"""`/field` and `/field/{region}`: where doors are knocked and calls are made, who is met, and ballots to cure.

What people said or did is shown of ten or more of them (`small_cells`); attempts are always shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from streams.services.console import desk_people, desk_reading
from streams.services.console.charts import STEPS, Shape, area_map, shade_of, sparkline
from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Span
from streams.services.console.desk_reading import REPORT, Field, Slots
from streams.services.console.desk_schema import COARSE_MS, DAY_MS, HOUR_MS, MINUTE_MS
from streams.services.console.maps import RegionMap, TurfMap, region_map, region_name, turf_map
from streams.services.console.page import Block, Loaded, Page, PageRequest
from streams.services.console.rights import Scope
from streams.services.console.small_cells import (
    Table,
    hidden_together,
    is_shown,
    shown_counts,
    shown_fields,
    shown_sums,
)
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import Words

EVERY_S = 5
SPAN_MS = DAY_MS
SLOT_MS = HOUR_MS
QUIET_MS = 45 * MINUTE_MS
"""So long after the last report a turf counts as one where nobody is."""
GONE_MS = 4 * HOUR_MS
"""So long after the last report whoever was in a turf has gone home, and nobody has to look for them."""
OPEN, CURED = "rejected", "cured"


class Fields(NamedTuple):
    """Canvass reports of a day, or of as much of it as people are known of. `since_ms` None: of nothing yet."""

    since_ms: int | None
    rows: Sequence[Field]


class TurfFacts(NamedTuple):
    """The turfs of a region, their attempts over time, and the region's own place among all regions."""

    turfs: Fields
    regions: Fields
    curves: Mapping[str, Sequence[int]]


class Row(Struct, frozen=True):
    """A line of a table of places. None: not known, or of too few people to be shown.

    `quiet_ms`: since when nobody is there. `together`: how many places it stands for.
    """

    name: str
    href: str
    attempts: int
    met: int | None
    rate: float | None
    supporters: int | None
    last_ms: int | None
    chart: Markup = Markup("")
    quiet_ms: int | None = None
    together: int = 0


class Legend(Struct, frozen=True):
    """A shade of a map and the numbers that have it, from `low` to `high`."""

    shade: int
    low: int
    high: int


class BallotRow(Struct, frozen=True):
    """Ballots of a region. None: of too few people to be shown."""

    name: str
    rejected: int | None
    cured: int | None


def span_of(desk: Desk, now_ms: int) -> Span | None:
    """The last day, or as much of it as people are known of; None: of nothing yet."""
    kept = desk_reading.people_known_since_ms(desk)
    if kept is None or kept > now_ms:
        return None
    since = max(now_ms - SPAN_MS, kept)
    return Span(-(-since // MINUTE_MS) * MINUTE_MS, now_ms + 1)


def region_fields(desk: Desk, now_ms: int, scope: Scope) -> Fields:
    """What was reported of each region."""
    span = span_of(desk, now_ms)
    return Fields(None, ()) if span is None else Fields(span.since, desk_reading.regions(desk, span, scope))


def turf_facts(desk: Desk, region: str, now_ms: int, scope: Scope) -> TurfFacts:
    """What was reported of each turf of a region."""
    regions, span = region_fields(desk, now_ms, scope), span_of(desk, now_ms)
    if span is None or not scope.has_region(region):
        return TurfFacts(Fields(None, ()), regions, {})
    own = Scope(scope.teams, frozenset({region}), scope.committees)
    slots = Slots(span.since, span.until, SLOT_MS)
    curves = desk_reading.curves(desk, slots, own, ("turf",), (REPORT,))
    turfs = Fields(span.since, desk_reading.turfs(desk, region, span, scope))
    return TurfFacts(turfs, regions, {curve.values[0]: curve.counted for curve in curves})


def quiet_turfs(desk: Desk, now_ms: int, scope: Scope) -> Mapping[str, Sequence[str]]:
    """By region, turfs of which something was reported in the last hours and nothing of late.

    None of them where nothing at all was reported of late: then the evening is over. To five minutes.
    """
    until = now_ms // COARSE_MS * COARSE_MS + COARSE_MS
    late = until - QUIET_MS - COARSE_MS
    found: dict[str, list[str]] = {}
    is_active = False
    for (region, turf), last in desk_reading.last_reports(desk, until - GONE_MS, scope).items():
        if last >= late:
            is_active = True
        elif region and turf:
            found.setdefault(region, []).append(turf)
    return {region: sorted(turfs) for region, turfs in found.items()} if is_active else {}


async def load_regions(asked: PageRequest) -> Loaded:
    """The map and the table of regions."""
    found = await asked.ask(region_fields, asked.now_ms, asked.viewer.scope)
    fresh = await standing_of(asked)
    words = asked.words
    known = region_map(country_of(found.rows, asked.viewer.scope, asked.deps.settings.phone_region))
    most = max((each.attempts for each in found.rows), default=0)
    data = {
        "rows": [*region_rows(found.rows, words)],
        "total": total_of(found.rows),
        "since_ms": found.since_ms,
        "map": None if known is None else drawn_regions(known, found, asked.viewer.scope, words),
        "legend": [*legend(most)],
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def country_of(fields: Sequence[Field], scope: Scope, usual: str) -> str:
    """The country that most reports are of; where there are none, that of the viewer or of the campaign."""
    counts: dict[str, int] = {}
    for each in fields:
        country = each.region.partition("-")[0]
        counts[country] = counts.get(country, 0) + each.attempts
    counts.pop("", None)
    if counts:
        return max(counts, key=lambda country: counts[country])
    return min(scope.regions).partition("-")[0] if scope.regions else usual


def region_rows(fields: Sequence[Field], words: Words) -> Iterator[Row]:
    """A line for each region, and one for those that are too small to be shown by themselves."""
    shown, _ = shown_fields(fields)
    for each in fields:
        href = f"/field/{each.region}" if each.region else ""
        name = words.text(region_name(each.region)) if each.region else words.text("region not said")
        yield row_of(each, name, href, shown=is_shown(each, shown))
    yield from _together(fields, shown, words)


def row_of(field: Field, name: str, href: str, *, shown: bool) -> Row:
    """The line of a place."""
    return Row(
        name=name,
        href=href,
        attempts=field.attempts,
        met=field.contacted if shown else None,
        rate=field.contacted / field.attempts if shown and field.attempts else None,
        supporters=field.supporters if shown else None,
        last_ms=field.last_ms,
    )


def _together(fields: Sequence[Field], shown: frozenset[str], words: Words) -> Iterator[Row]:
    whole = hidden_together(fields, shown)
    count = sum(1 for each in fields if not is_shown(each, shown))
    if whole is not None:
        name = words.plural("{n} place with few people", "{n} places with few people, together", count)
        together = row_of(whole, name, "", shown=True)
        yield Row(name, "", together.attempts, together.met, together.rate, together.supporters, None, together=count)


def total_of(fields: Sequence[Field]) -> Row:
    """All places together."""
    whole = hidden_together(fields, frozenset())
    attempts = sum(each.attempts for each in fields)
    return Row("", "", attempts, None, None, None, None) if whole is None else row_of(whole, "", "", shown=True)


def legend(most: int) -> Iterator[Legend]:
    """The shades that a map of these numbers has."""
    if most < STEPS:
        return
    for shade in range(1, STEPS + 1):
        low, above = (-(-each * most // STEPS) for each in (shade - 1, shade))
        yield Legend(shade, max(1, low), most if shade == STEPS else above - 1)


def drawn_regions(known: RegionMap, found: Fields, scope: Scope, words: Words) -> Markup:
    """The map of a country, darker where there were more attempts."""
    attempts = {each.region: each.attempts for each in found.rows}
    most = max(attempts.values(), default=0)

    def shape(code: str) -> Shape:
        region = known.regions[code]
        name = words.text(region.name)
        if found.since_ms is None or not scope.has_region(code):
            return Shape(region.path, None, name)
        count = attempts.get(code, 0)
        return Shape(region.path, shade_of(count, most), _attempts(name, count, words))

    about = words.text("Map of doors and calls; the table beside it has the numbers")
    return area_map([shape(code) for code in known.regions], known.width, known.height, about)


def _attempts(name: str, count: int, words: Words) -> str:
    return words.plural("{name}: {n} door or call", "{name}: {n} doors and calls", count, name=name)


async def load_turfs(asked: PageRequest) -> Loaded:
    """The map and the table of a region's turfs."""
    region = asked.params["region"]
    found = await asked.ask(turf_facts, region, asked.now_ms, asked.viewer.scope)
    fresh = await standing_of(asked)
    known = turf_map(asked.deps.turfs, region)
    words, rows = asked.words, [*turf_rows(found, region, known, asked.now_ms, asked.words)]
    most = max((row.attempts for row in rows), default=0)
    data = {
        "rows": rows,
        "total": region_total(found, region),
        "since_ms": found.turfs.since_ms,
        "map": None if known is None else drawn_turfs(known, rows, words),
        "legend": [*legend(most)] if known is not None else [],
    }
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def region_total(found: TurfFacts, region: str) -> Row:
    """The region itself: as its line of the table of regions, so that nothing follows from one about the other."""
    shown, _ = shown_fields(found.regions.rows)
    own = next((each for each in found.regions.rows if each.region == region), None)
    if own is None:
        return Row("", "", 0, None, None, None, None)
    return row_of(own, "", "", shown=is_shown(own, shown))


def turf_rows(found: TurfFacts, region: str, known: TurfMap | None, now_ms: int, words: Words) -> Iterator[Row]:
    """A line for each turf that was reported or is on the map, those first where nobody is.

    Where the region itself may not be shown, none of its turfs may: their sum would be the region.
    """
    fields = found.turfs.rows
    shown, _ = shown_fields(fields)
    if region_total(found, region).met is None:
        shown = frozenset()
    rows = [_turf_row(each, found, now_ms, words, shown=is_shown(each, shown)) for each in fields]
    there = {each.turf for each in fields}
    if found.turfs.since_ms is not None and known is not None:
        missing = [turf for turf in known.paths if turf not in there]
        rows += [Row(turf, "", 0, None, None, None, None, quiet_ms=found.turfs.since_ms) for turf in missing]
    yield from sorted(rows, key=lambda row: (row.quiet_ms is None, row.quiet_ms or 0, -row.attempts, row.name))
    if shown:
        yield from _together(fields, shown, words)


def _turf_row(field: Field, found: TurfFacts, now_ms: int, words: Words, *, shown: bool) -> Row:
    name = field.turf or words.text("turf not said")
    curve = found.curves.get(field.turf, ())
    chart = sparkline(curve, None, _attempts(name, field.attempts, words)) if curve else Markup("")
    row = row_of(field, name, "", shown=shown)
    quiet = field.last_ms if field.turf and now_ms - field.last_ms > QUIET_MS else None
    return replace(row, chart=chart, quiet_ms=quiet)


def drawn_turfs(known: TurfMap, rows: Sequence[Row], words: Words) -> Markup:
    """The map of turfs, darker where there were more attempts."""
    counts = {row.name: row.attempts for row in rows if not row.together}
    most = max(counts.values(), default=0)
    shapes = [
        Shape(path, shade_of(counts.get(turf), most), _attempts(turf, counts.get(turf, 0), words))
        for turf, path in known.paths.items()
    ]
    about = words.text("Map of doors and calls; the table beside it has the numbers")
    return area_map(shapes, known.width, known.height, about)


def ballots(desk: Desk, scope: Scope) -> Mapping[str, Table]:
    """Ballots that were rejected and cured, by region, of each election."""
    return {
        election: desk_people.ballots_by_region(desk, election, (OPEN, CURED), scope)
        for election in desk_people.elections(desk)
    }


async def load_ballots(asked: PageRequest) -> Loaded:
    """Ballots to cure, by region; on the page of one region, its own."""
    found = await asked.ask(ballots, asked.viewer.scope)
    fresh = await standing_of(asked, "contact-state")
    region = asked.params.get("region")
    tables = {name: [*ballot_rows(table, region, asked.words)] for name, table in found.items()}
    sums = {name: shown_sums(table) for name, table in found.items()} if region is None else {}
    data = {"tables": tables, "sums": sums, "open": OPEN, "cured": CURED}
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


def ballot_rows(table: Table, region: str | None, words: Words) -> Iterator[BallotRow]:
    """A line for each region, or that of one; small cells are left out as in the table of all regions."""
    for name, row in sorted(shown_counts(table).items(), key=lambda each: -(each[1].get(OPEN) or 0)):
        if region is None or name == region:
            label = words.text(region_name(name)) if name else words.text("region not said")
            yield BallotRow(label, row.get(OPEN, 0), row.get(CURED, 0))


async def enter(asked: PageRequest) -> str:
    """The name of the region."""
    return asked.words.text(region_name(asked.params["region"]))


REGION = r"[A-Z]{2}-[A-Z0-9]{1,3}"
FIELD = Page(
    path="/field",
    name="field",
    title="Field",
    menu="Field",
    act="see_field",
    blocks=(
        Block("regions", EVERY_S, load_regions, "field_regions.html", "Doors and calls by region", STALE_S),
        Block("ballots", EVERY_S, load_ballots, "field_ballots.html", "Ballots to cure", STALE_S),
    ),
    template="field.html",
)
FIELD_REGION = Page(
    path="/field/{region}",
    name="field_region",
    title="Region",
    act="see_field",
    blocks=(
        Block("turfs", EVERY_S, load_turfs, "field_turfs.html", "Turfs", STALE_S),
        Block("ballots", EVERY_S, load_ballots, "field_ballots.html", "Ballots to cure", STALE_S),
    ),
    params={"region": REGION},
    within={"region": "region"},
    enter=enter,
    template="field_region.html",
)
PAGES = (FIELD, FIELD_REGION)
