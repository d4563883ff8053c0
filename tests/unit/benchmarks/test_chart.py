import xml.etree.ElementTree as ET

from benchmarks.chart import Panel, svg
from benchmarks.results import Figure

SVG = "{http://www.w3.org/2000/svg}"


def drawn(values: dict[str, tuple[float, ...]], *, less_is_better: bool) -> ET.Element:
    figures = [Figure(subject, "CPU per event", "µs", each) for subject, each in values.items()]
    return ET.fromstring(svg([Panel("CPU & more", figures, less_is_better)], "ours"))


def widths(picture: ET.Element) -> list[float]:
    return [float(bar.attrib["width"]) for bar in picture.iter(f"{SVG}rect")][1:]


def texts(picture: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_medians() -> None:
    ours, bytewax = widths(drawn({"ours": (10.0, 9.0, 11.0), "Bytewax": (40.0,)}, less_is_better=True))
    assert 3.95 < bytewax / ours < 4.05


def test_each_bar_says_whose_it_is_and_how_much() -> None:
    said = texts(drawn({"ours": (10.0,), "Bytewax": (40.0,)}, less_is_better=True))
    assert said == ["CPU & more less is better", "ours", "10.0 µs", "Bytewax", "40.0 µs"]


def test_a_bar_that_would_dwarf_the_others_is_cut_and_says_so() -> None:
    picture = drawn({"ours": (10.0,), "Bytewax": (40.0,), "Faust": (350.0,)}, less_is_better=True)
    ours, bytewax, faust = widths(picture)
    assert bytewax == faust > 3.9 * ours
    assert len([path for path in picture.iter(f"{SVG}path") if path.get("fill") == "#ffffff"]) == 1


def test_a_lead_is_never_cut() -> None:
    ours, faust = widths(drawn({"ours": (90_000.0,), "Faust": (2_000.0,)}, less_is_better=False))
    assert ours / faust > 40


def test_the_picture_holds_all_that_is_drawn() -> None:
    picture = drawn({"ours": (10.0,), "Bytewax": (40.0,)}, less_is_better=True)
    height = float(picture.attrib["height"])
    assert all(
        float(bar.attrib.get("y", 0)) + float(bar.attrib["height"]) <= height for bar in picture.iter(f"{SVG}rect")
    )
