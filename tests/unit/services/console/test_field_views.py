"""What `/field` and the page of a region show, and that no small number follows from them."""

from msgspec.structs import replace

from streams.services.console.desk import Desk
from streams.services.console.maps import TurfMap, region_map
from streams.services.console.pages.field import (
    BallotRow,
    Fields,
    TurfFacts,
    ballot_rows,
    ballots,
    country_of,
    drawn_regions,
    legend,
    region_fields,
    region_total,
    turf_facts,
    turf_rows,
)
from streams.services.console.rights import EVERYTHING, Scope
from streams.services.console.words import Words
from tests.unit.services.console.evening import NOW
from tests.unit.services.console.test_small_cells import field

EN = Words("en")
OHIO = Scope(regions=frozenset({"US-OH"}))


def test_turfs_where_nobody_is_come_first_also_those_that_only_the_map_has(desk: Desk) -> None:
    known = TurfMap(1, 1, {"oh-1": "M0 0z", "oh-9": "M0 0z"})
    rows = [*turf_rows(turf_facts(desk, "US-OH", NOW, EVERYTHING), "US-OH", known, NOW, EN)]
    assert rows[0].name == "oh-9"
    quiet = {row.name for row in rows if row.quiet_ms is not None}
    assert {"oh-9", "oh-3"} <= quiet
    assert "oh-1" not in quiet
    assert rows[0].attempts == 0


def test_a_turf_of_few_people_shows_its_attempts_only(desk: Desk) -> None:
    found = turf_facts(desk, "US-OH", NOW, EVERYTHING)
    rows = {row.name: row for row in turf_rows(found, "US-OH", None, NOW, EN)}
    assert (rows["oh-4"].attempts, rows["oh-4"].met, rows["oh-4"].supporters) == (6, None, None)
    shown = [row for row in rows.values() if row.met is not None]
    assert region_total(found, "US-OH").met == sum(row.met or 0 for row in shown)


def test_where_a_region_is_hidden_its_turfs_are_too_since_they_would_add_up_to_it() -> None:
    big, small = field("", 30), field("", 4)
    regions = [replace(big, region="US-OH"), replace(small, region="US-NV")]
    found = TurfFacts(Fields(0, [field("a", 15), field("b", 15)]), Fields(0, regions), {})
    rows = [*turf_rows(found, "US-OH", None, NOW, EN)]
    assert region_total(found, "US-OH").met is None
    assert [row.met for row in rows] == [None, None]


def test_ballots_of_few_people_are_hidden_on_every_page_and_do_not_follow_from_the_sum(desk: Desk) -> None:
    table = ballots(desk, EVERYTHING)["2012-general"]
    rows = {row.name: row for row in ballot_rows(table, None, EN)}
    assert rows["Nevada"].rejected is None
    assert [name for name, row in rows.items() if row.rejected is None] == ["Nevada", "Wisconsin"]
    [own] = ballot_rows(table, "US-NV", EN)
    assert own == BallotRow("Nevada", None, 0)


def test_a_viewer_of_ohio_gets_nothing_of_another_state(desk: Desk) -> None:
    assert [each.region for each in region_fields(desk, NOW, OHIO).rows] == ["US-OH"]
    assert not turf_facts(desk, "US-PA", NOW, OHIO).turfs.rows
    assert not turf_facts(desk, "US-PA", NOW, OHIO).curves
    assert [*ballots(desk, OHIO)["2012-general"]] == ["US-OH"]
    known = region_map("US")
    assert known is not None
    drawn = drawn_regions(known, region_fields(desk, NOW, OHIO), OHIO, EN)
    assert drawn.count("area unknown") == 50
    assert "Pennsylvania:" not in drawn


def test_the_map_is_of_the_country_of_most_reports_else_of_the_viewer_else_the_usual_one(desk: Desk) -> None:
    assert country_of(region_fields(desk, NOW, EVERYTHING).rows, EVERYTHING, "FR") == "US"
    assert country_of((), Scope(regions=frozenset({"FR-67"})), "US") == "FR"
    assert country_of((), EVERYTHING, "FR") == "FR"


def test_before_anything_is_followed_regions_are_unknown_on_the_map() -> None:
    known = region_map("US")
    assert known is not None
    assert drawn_regions(known, Fields(None, ()), EVERYTHING, EN).count("area unknown") == 51


def test_the_legend_has_each_number_once() -> None:
    shades = [*legend(10)]
    numbers = [number for each in shades for number in range(each.low, each.high + 1)]
    assert numbers == list(range(1, 11))
    assert not [*legend(3)]
