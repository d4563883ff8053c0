"""Charts, maps and orders of tables."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring  # nosec B405 # of what was just drawn

import pytest
from babel.messages.pofile import read_po

from streams.operations.campaign_holds import HoldOrder
from streams.platform.errors import Unusable
from streams.services.console.charts import (
    BAND,
    WIDTH,
    Frame,
    Interval,
    Look,
    Mark,
    Shape,
    area_map,
    columns,
    extent_of,
    interval_band,
    interval_row,
    limit_bar,
    shade_of,
    sparkline,
    time_marks,
)
from streams.services.console.maps import read_turfs, region_map, region_name, turf_map
from streams.services.console.orders import Orders, SentOrder
from streams.services.console.words import CATALOGUES

HOSTILE = '"><script>alert(1)</script>'


def drawn(svg: str) -> Element:
    return fromstring(svg)  # nosec B314 # drawn here


def of_class(root: Element, name: str) -> list[Element]:
    return [each for each in root if name in each.get("class", "").split()]


def test_an_interval_lies_on_a_line_with_zero_in_the_middle() -> None:
    root = drawn(interval_row(Interval(0.5, 1.0, 1.5), 2.0, "A: better"))

    assert [each.get("d") for each in of_class(root, "zero")] == ["M500 0V24"]
    assert [each.get("d") for each in of_class(root, "interval")] == ["M625.0 12H875.0"]
    assert [each.get("d") for each in of_class(root, "dot")] == ["M750.0 12h0"]
    assert root[0].text == "A: better"


def test_what_lies_beyond_a_row_is_cut_at_its_edge() -> None:
    [line] = of_class(drawn(interval_row(Interval(-9, 0, 9), 2.0, "")), "interval")
    assert line.get("d") == f"M0.0 12H{WIDTH}.0"


@pytest.mark.parametrize(
    ("intervals", "extent"),
    [
        ([], 1.0),
        ([Interval(0, 0, 0)], 1.0),
        ([Interval(-1, 0, 1), Interval(1, 2, 3)], 3.0),
        ([Interval(-1, 0, 1), Interval(-90, 0.5, 91)], 1.0),
        ([Interval(-1, 0, 1), Interval(-90, 5, 100)], 5.0),
    ],
)
def test_rows_reach_as_far_as_intervals_but_for_those_far_wider_than_others(
    intervals: list[Interval], extent: float
) -> None:
    assert extent_of(intervals) == extent


def looks(*provisional: bool) -> list[Look]:
    return [Look(place * 10, Interval(-1, 0, 1, each)) for place, each in enumerate(provisional)]


def test_a_band_has_a_piece_for_what_is_provisional_and_no_gap_between_it_and_the_rest() -> None:
    root = drawn(interval_band(looks(True, True, False), Frame(0, 20, -2, 2), "over time"))
    first, second = of_class(root, "line")

    assert "provisional" in first.get("class", "").split()
    assert "provisional" not in second.get("class", "").split()
    assert first.get("points") == f"0.0,{BAND / 2} 500.0,{BAND / 2} 1000.0,{BAND / 2}"
    assert second.get("points") == f"1000.0,{BAND / 2}"
    assert len(of_class(root, "band")) == 2


def test_zero_is_drawn_where_it_is_within_the_frame() -> None:
    assert of_class(drawn(interval_band(looks(False), Frame(0, 20, -2, 2), "")), "zero")
    assert not of_class(drawn(interval_band(looks(False), Frame(0, 20, 1, 2), "")), "zero")


@pytest.mark.parametrize(
    "svg", [interval_row(Interval(0, 1, 2), 2, HOSTILE), interval_band(looks(False), Frame(0, 1, 0, 2), HOSTILE)]
)
def test_a_name_is_text_and_nothing_has_a_style_of_its_own(svg: str) -> None:
    root = drawn(svg)
    assert root[0].text == HOSTILE
    assert {each.tag for each in root} <= {"title", "path", "polygon", "polyline"}
    assert all("style" not in each.attrib for each in root.iter())


def test_a_sparkline_and_the_week_before_share_one_scale() -> None:
    root = drawn(sparkline([0, 5], [10, 0], "field"))
    assert [each.get("points") for each in of_class(root, "line")] == ["0.0,39.0 1000.0,20.0"]
    assert [each.get("points") for each in of_class(root, "before")] == ["0.0,1.0 1000.0,39.0"]
    assert root[0].text == "field"


@pytest.mark.parametrize(
    ("part", "width", "over"), [(0.0015, "400.0", False), (0.003, "800.0", True), (0.03, "1000", True)]
)
def test_a_bar_ends_at_its_limit_line_where_the_limit_is_reached_and_is_cut_far_beyond(
    part: float, width: str, over: bool
) -> None:
    root = drawn(limit_bar(part, 0.003, ""))
    [bar] = of_class(root, "bar")
    assert bar.get("width") == width
    assert ("over" in str(bar.get("class"))) is over
    assert [each.get("d") for each in of_class(root, "limit")] == ["M800 0V12"]


def test_columns_go_up_and_down_from_zero_and_what_is_unknown_is_no_column() -> None:
    root = drawn(columns([10.0, None, -10.0, 0.0], "net"))
    up, down = of_class(root, "bar")
    assert (up.get("y"), up.get("height")) == ("1.0", "47.0")
    assert (down.get("y"), down.get("height")) == ("48.0", "47.0")
    assert "below" in str(down.get("class"))
    assert len(of_class(root, "unknown")) == 1


def test_marks_lie_where_their_times_are() -> None:
    root = drawn(time_marks([Mark(50, "send"), Mark(75, "hold")], Frame(0, 100, 0, 1), ""))
    assert [(each.get("class"), each.get("d")) for each in of_class(root, "mark")] == [
        ("mark send", "M500.0 12h0"), ("mark hold", "M750.0 12h0"),
    ]  # fmt: skip


def test_shades_go_from_none_to_the_most() -> None:
    assert [shade_of(count, 100) for count in (0, 1, 24, 25, 50, 75, 100)] == [0, 1, 1, 2, 3, 4, 4]
    assert shade_of(None, 100) is None
    assert shade_of(0, 0) == 0


def test_a_map_has_no_markup_of_names_and_shows_what_is_unknown_as_such() -> None:
    text = area_map([Shape("M0 0z", None, "<script>"), Shape("M1 1z", 3, "Ohio: 5")], 10, 10, "map")
    root = drawn(text)
    assert [each.get("class") for each in of_class(root, "area")] == ["area unknown", "area shade-3"]
    assert "<script>" not in text
    assert "style" not in text


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


HOLD = HoldOrder("gotv-3", None, False, "console/ada")
LIFT = HoldOrder("gotv-3", None, True, "console/bob")


@dataclass(slots=True)
class Office:
    """Readers who order, and wait until `shown`. `held`: what Redis says; `sent`: orders in order."""

    held: bool = False
    orders: Orders = field(default_factory=Orders)
    sent: list[HoldOrder] = field(default_factory=list)
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Queue[SentOrder | None] = field(default_factory=asyncio.Queue)

    async def order(self, order: HoldOrder) -> SentOrder | None:
        async def is_so_already() -> bool:
            return self.held != order.lift

        async def send() -> int:
            await asyncio.sleep(0)
            self.sent.append(order)
            return len(self.sent)

        async with self.orders.sent(order, is_so_already, send) as found:
            self.waiting.put_nowait(found)
            if found is not None:
                await self.shown.wait()
        return found


async def test_who_lifts_need_not_wait_until_the_hold_before_is_carried_out() -> None:
    office = Office()
    hold = asyncio.create_task(office.order(HOLD))
    await office.waiting.get()
    lift = asyncio.create_task(office.order(LIFT))
    async with asyncio.timeout(20):
        assert await office.waiting.get() == SentOrder(LIFT, 2)
    assert not hold.done()
    office.shown.set()
    assert await hold == SentOrder(HOLD, 1)
    await lift
    assert office.sent == [HOLD, LIFT]


async def test_a_form_that_is_sent_twice_orders_once_and_both_wait_for_it() -> None:
    office = Office()
    both = [asyncio.create_task(office.order(HOLD)) for _ in range(2)]
    assert [await office.waiting.get() for _ in both] == [SentOrder(HOLD, 1)] * 2
    office.shown.set()
    await asyncio.gather(*both)
    assert office.sent == [HOLD]


async def test_what_is_so_already_is_not_ordered_again() -> None:
    office = Office(held=True)
    assert await office.order(HOLD) is None
    assert office.sent == []
    office.shown.set()
    assert await office.order(LIFT) == SentOrder(LIFT, 1)
    office.held = False
    assert await office.order(LIFT) is None


async def test_an_order_that_cannot_be_sent_stands_in_nobodys_way() -> None:
    office = Office()

    async def fails() -> int:
        raise OSError

    async def is_not_so() -> bool:
        return False

    for _ in range(2):
        try:
            async with office.orders.sent(HOLD, is_not_so, fails):
                raise AssertionError("nothing was sent")
        except OSError:
            pass
    office.shown.set()
    assert await office.order(HOLD) == SentOrder(HOLD, 1)
