"""The maps of `/field`: regions that come with Harmonia, and turfs of a campaign's own GeoJSON file.

The file of `HARMONIA_CONSOLE_TURFS` is a FeatureCollection of Polygons and MultiPolygons (RFC 7946). The properties of
each feature name its `turf` and its `region` (ISO 3166-2), as canvass reports do.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from typing import Any

from msgspec import Struct

from streams.platform.errors import Unusable
from streams.services.console.static_files import STATIC

SETTING = "HARMONIA_CONSOLE_TURFS"
WIDTH = 1_000
MOST_BYTES, MOST_TURFS = 32 << 20, 20_000

Ring = Sequence[tuple[float, float]]


class Region(Struct, frozen=True):
    """A region of a map: its name there, and its outline as an SVG path."""

    name: str
    path: str


class RegionMap(Struct, frozen=True):
    """A country: its regions by code (ISO 3166-2)."""

    width: int
    height: int
    regions: Mapping[str, Region]


class Turf(Struct, frozen=True):
    """A turf of the campaign's file: its rings in degrees, longitude first."""

    turf: str
    region: str
    rings: Sequence[Ring]


class TurfMap(Struct, frozen=True):
    """The turfs of a region, on a plane: an SVG path for each."""

    width: int
    height: int
    paths: Mapping[str, str]


@cache
def region_map(country: str) -> RegionMap | None:
    """The map of a country (ISO 3166-1, `US`); None where none comes with Harmonia."""
    file = STATIC / f"map-{country.lower()}.json"
    if country not in ("US", "FR"):
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    regions = {code: Region(each["name"], each["path"]) for code, each in found["regions"].items()}
    return RegionMap(found["width"], found["height"], regions)


def region_name(region: str) -> str:
    """What a region is called on its map; its code where there is none."""
    found = region_map(region.partition("-")[0])
    return region if found is None or region not in found.regions else found.regions[region].name


def read_turfs(file: Path | None) -> Sequence[Turf]:
    """The turfs of a file. Raises `Unusable`, which names the place of the mistake and the cure."""
    if file is None:
        return ()
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Unusable(f"{SETTING} is larger than {MOST_BYTES >> 20} MiB: simplify its outlines")
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"{SETTING} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, ValueError):
        raise Unusable(f"{SETTING} is not JSON") from None
    except RecursionError:
        raise Unusable(f"{SETTING} is nested too deeply to be GeoJSON") from None
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list) or found.get("type") != "FeatureCollection":
        raise Unusable(f"{SETTING}: give a FeatureCollection, as RFC 7946 has it")
    if len(features) > MOST_TURFS:
        raise Unusable(f"{SETTING} has more than {MOST_TURFS} features: leave some out")
    return [_turf(f"{SETTING}: features[{place}]", each) for place, each in enumerate(features)]


def _turf(place: str, feature: Any) -> Turf:
    said = feature.get("properties") if isinstance(feature, dict) else None
    named = {name: said.get(name) if isinstance(said, dict) else None for name in ("turf", "region")}
    for name, value in named.items():
        if not isinstance(value, str) or not 1 <= len(value) <= 256:
            raise Unusable(f"{place}.properties.{name}: give a text, as canvass reports have it")
    geometry = feature.get("geometry")
    try:
        rings = [*_rings(geometry)]
    except (KeyError, TypeError, ValueError, AttributeError):
        rings = []
    if not rings:
        raise Unusable(f"{place}.geometry: give a Polygon or a MultiPolygon with longitudes and latitudes")
    return Turf(str(named["turf"]), str(named["region"]), rings)


def _rings(geometry: Any) -> Iterator[Ring]:
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
    for polygon in polygons:
        for ring in polygon:
            points = [(float(point[0]), float(point[1])) for point in ring]
            if len(points) < 4 or any(not (-180 <= x <= 180 and -90 <= y <= 90) for x, y in points):
                raise ValueError
            yield points


def turf_map(turfs: Sequence[Turf], region: str) -> TurfMap | None:
    """The turfs of a region with north up, as large as they fit; None where the file has none of it."""
    found = [each for each in turfs if each.region == region]
    points = [point for each in found for ring in each.rings for point in ring]
    if not points:
        return None
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    squeeze = max(0.01, cos(radians((south + north) / 2)))
    wide, tall = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
    scale = WIDTH / max(wide, tall)

    def path(ring: Ring) -> str:
        whole = [(round((x - west) * squeeze * scale), round((north - y) * scale)) for x, y in ring]
        steps = [place for before, place in pairwise(whole) if place != before]
        return f"M{whole[0][0]} {whole[0][1]}" + "".join(f"L{x} {y}" for x, y in steps) + "Z"

    paths: dict[str, str] = {}
    for each in found:
        paths[each.turf] = paths.get(each.turf, "") + "".join(path(ring) for ring in each.rings)
    return TurfMap(max(1, round(wide * scale)), max(1, round(tall * scale)), paths)
