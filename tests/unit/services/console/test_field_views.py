"""Pages of the field, and their maps: what they show, and what must not follow from them."""

import json
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from msgspec.structs import replace

from streams.platform.errors import Unusable
from streams.services.console.desk import Desk
from streams.services.console.maps import TurfMap, read_turfs, region_map, region_name, turf_map
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
from streams.services.console.words import CATALOGUES, Words
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


# The maps that come with Harmonia, and turfs of a campaign's own file.
SQUARE = [[[0, 40], [2, 40], [2, 41], [0, 41], [0, 40]]]


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    shape = {"type": "Polygon", "coordinates": SQUARE} if geometry is None else geometry
    return {"type": "Feature", "properties": {"turf": "t-1", "region": "US-OH"} | properties, "geometry": shape}


def file_of(folder: Path, *features: Any) -> Path:
    file = folder / "turfs.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


@pytest.mark.parametrize(("country", "regions"), [("US", 51), ("FR", 101)])
def test_each_map_has_all_regions_of_its_country_inside_its_edges(country: str, regions: int) -> None:
    found = region_map(country)
    assert found is not None
    assert len(found.regions) == regions
    assert all(code.startswith(f"{country}-") and each.path.startswith("M") for code, each in found.regions.items())


def test_regions_have_names_and_others_their_codes() -> None:
    names = [region_name(code) for code in ("US-OH", "FR-67", "FR-2A", "FR-974", "FR-77", "CA-QC")]
    assert names == ["Ohio", "Bas-Rhin", "Corse-du-Sud", "La Réunion", "Seine-et-Marne", "CA-QC"]
    assert region_map("CA") is None


def test_turfs_of_a_region_are_drawn_north_up_in_their_proportions(tmp_path: Path) -> None:
    turfs = read_turfs(file_of(tmp_path, feature(), feature(turf="other", region="US-PA")))
    found = turf_map(turfs, "US-OH")
    assert found is not None
    assert (found.width, found.height) == (1000, 658)
    assert found.paths == {"t-1": "M0 658L1000 658L1000 0L0 0L0 658Z"}
    assert turf_map(turfs, "US-WI") is None


def test_several_polygons_are_one_turf(tmp_path: Path) -> None:
    both = {"type": "MultiPolygon", "coordinates": [SQUARE, [[[3, 40], [4, 40], [4, 41], [3, 40]]]]}
    [turf] = read_turfs(file_of(tmp_path, feature(both)))
    assert len(turf.rings) == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (feature(turf=7), r"features\[1\]\.properties\.turf: give a text"),
        (feature(region=None), r"features\[1\]\.properties\.region: give a text"),
        (feature({"type": "Point", "coordinates": [0, 0]}), r"features\[1\]\.geometry: give a Polygon"),
        (feature({"type": "Polygon", "coordinates": [[[0, 99], [1, 99], [1, 98], [0, 99]]]}), r"\.geometry: give"),
        (feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}), r"\.geometry: give"),
        ("no feature", r"features\[1\]"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_cure(tmp_path: Path, wrong: Any, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        read_turfs(file_of(tmp_path, feature(), wrong))


@pytest.mark.parametrize(("text", "told"), [("{", "is not JSON"), ("[]", "give a FeatureCollection")])
def test_what_is_no_geojson_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "turfs.geojson"
    file.write_text(text)
    with pytest.raises(Unusable, match=told):
        read_turfs(file)


def test_without_a_file_there_are_no_turfs_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert read_turfs(None) == ()
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_TURFS cannot be read"):
        read_turfs(tmp_path / "missing")


def test_every_region_that_has_a_name_in_french_is_on_a_map() -> None:
    with (CATALOGUES / "fr" / "LC_MESSAGES" / "regions.po").open("rb") as source:
        named = {entry.id for entry in read_po(source, locale="fr") if entry.id}
    found = region_map("US")
    assert found is not None
    assert named <= {region.name for region in found.regions.values()}
