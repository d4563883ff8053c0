from xml.etree import ElementTree

from benchmarks.screenshots.dashboards import FOLDER, Line, Panel, Place, compressed
from benchmarks.screenshots.drawing import svg

SPAN = (1_000.0, 1_100.0)
LINES = [Line("<digital>", [(1_000.0, 2.0), (1_100.0, 4.0)]), Line("field", [(1_050.0, 1.0)])]
PANELS = [
    Panel("Inflow", "timeseries", Place(0, 0, 12, 7), "cps", LINES, stacked=True),
    Panel("Errors", "timeseries", Place(12, 0, 12, 7), "short", []),
    Panel("Net", "stat", Place(0, 7, 6, 4), "short", [Line("USD", [(1_100.0, 1234.0)])]),
    Panel("Teams", "bargauge", Place(6, 7, 18, 4), "short", LINES),
    Panel("Alerts", "table", Place(0, 11, 24, 3), "short", []),
]


def texts(picture: str) -> set[str]:
    found = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(text.itertext()) for text in found}


def test_a_picture_has_every_panel_and_its_numbers() -> None:
    shown = texts(svg("Overview", "a remark", PANELS, SPAN))

    assert {"Overview", "a remark", *(panel.title for panel in PANELS)} <= shown
    assert {"<digital>", "field", "1.23 k", "no data", "nothing fires", "4/s", "00:18:20"} <= shown


def test_lines_that_are_stacked_reach_the_sum() -> None:
    lines = [Line("a", [(1_000.0, 2.0), (1_100.0, 3.0)]), Line("b", [(1_000.0, 1.0), (1_100.0, 3.0)])]
    shown = texts(svg("", "", [Panel("x", "timeseries", Place(0, 0, 12, 7), "short", lines, stacked=True)], SPAN))

    assert "6" in shown


def test_a_short_evening_has_short_hours() -> None:
    assert compressed("increase(a[1h]) / rate(b[$__rate_interval]) + c[6h]") == (
        "increase(a[30s]) / rate(b[10s]) + c[180s]"
    )


def test_no_dashboard_has_a_window_of_another_length() -> None:
    for file in FOLDER.glob("*.json"):
        for window in ("h]", "m]", "interval]"):
            assert window not in compressed(file.read_text()), file.name
