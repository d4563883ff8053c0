"""Charts of the pages of the desk: scales, limits, what is unknown, and that no markup of a name gets in."""

from xml.etree.ElementTree import Element, fromstring  # nosec B405 # of what was just drawn

import pytest

from streams.services.console.charts import (
    Frame,
    Mark,
    Shape,
    area_map,
    columns,
    limit_bar,
    shade_of,
    sparkline,
    time_marks,
)


def drawn(svg: str) -> Element:
    return fromstring(svg)  # nosec B314 # drawn here


def of_class(root: Element, name: str) -> list[Element]:
    return [each for each in root if name in each.get("class", "").split()]


def test_a_sparkline_and_the_week_before_share_one_scale() -> None:
    root = drawn(sparkline([0, 5], [10, 0], "field"))
    assert [each.get("points") for each in of_class(root, "line")] == ["0.0,39.0 1000.0,20.0"]
    assert [each.get("points") for each in of_class(root, "before")] == ["0.0,1.0 1000.0,39.0"]
    assert root[0].text == "field"


def test_a_sparkline_of_nothing_is_a_line_at_zero() -> None:
    [line] = of_class(drawn(sparkline([0, 0, 0], None, "")), "line")
    assert line.get("points") == "0.0,39.0 500.0,39.0 1000.0,39.0"


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
