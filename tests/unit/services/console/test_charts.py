"""Charts as SVG: where things lie, what is cut or unknown, and that no style and no markup of a name gets in."""

from xml.etree.ElementTree import Element, fromstring  # nosec B405 # of what was just drawn

import pytest

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
