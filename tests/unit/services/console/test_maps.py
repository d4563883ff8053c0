"""The maps that come with Harmonia, and turfs of a campaign's own file."""

import json
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from streams.platform.errors import Unusable
from streams.services.console.maps import read_turfs, region_map, region_name, turf_map
from streams.services.console.words import CATALOGUES

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
