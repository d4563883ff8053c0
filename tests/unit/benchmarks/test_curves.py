import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

from benchmarks.curves import QUESTIONS, WIDTH, curves, draw
from benchmarks.results import Figure, Section, write_results

SVG = "{http://www.w3.org/2000/svg}"
LATENCY, COST, *_ = QUESTIONS


def pace(scale: float) -> Section:
    """A suite's section: at ten times the rate, ten times the delay."""
    return Section(
        "A slow pace",
        tuple(
            Figure(f"{rate:,} events/s", name, "ms", (scale * rate, scale * rate * 2, scale * rate * 3))
            for rate in (2_000, 10, 100)
            for name in ("p50", "p99", "longest")
        ),
    )


def drawn(folder: Path, now: list[Section], before: list[Section]) -> ET.Element | None:
    write_results(now, folder / "now.json")
    if before:
        write_results(before, folder / "before.json")
    is_drawn = draw(folder / "now.json", folder / "before.json", folder / "picture.svg")
    assert is_drawn == (folder / "picture.svg").exists()
    return ET.fromstring((folder / "picture.svg").read_text()) if is_drawn else None


def test_a_curve_has_the_figures_of_each_rate_in_order_of_the_rates(tmp_path: Path) -> None:
    write_results([pace(1.0)], tmp_path / "now.json")
    found = curves(json.loads((tmp_path / "now.json").read_bytes()), LATENCY, is_before=False)
    assert [curve.name for curve in found] == ["half of them", "99 of 100"]
    assert [(point.at, point.least, point.median, point.most) for point in found[0].points] == [
        (10, 10, 20, 30),
        (100, 100, 200, 300),
        (2_000, 2_000, 4_000, 6_000),
    ]


def test_facts_in_any_order_and_in_the_store_are_other_curves(tmp_path: Path) -> None:
    subjects = [
        f"contacts, {facts} facts{how}" for facts in (3, 40) for how in ("", ", in any order", ", from the store")
    ]
    figures = tuple(Figure(subject, "CPU", "µs a record", (float(len(subject)),)) for subject in subjects)
    write_results([Section("A record in pure Python", figures)], tmp_path / "now.json")
    (found,) = curves(json.loads((tmp_path / "now.json").read_bytes()), COST, is_before=False)
    assert [point.at for point in found.points] == [3, 40]
    assert [point.median for point in found.points] == [len("contacts, 3 facts"), len("contacts, 40 facts")]


def test_the_picture_has_a_line_for_each_curve_now_and_before_and_holds_all_of_them(tmp_path: Path) -> None:
    picture = drawn(tmp_path, [pace(1.0)], [pace(4.0)])
    assert picture is not None
    lines = list(picture.iter(f"{SVG}polyline"))
    assert len(lines) == 4
    assert len({line.get("stroke") for line in lines}) == 2
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    for line in lines:
        for place in line.attrib["points"].split():
            x, y = map(float, place.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    names = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]
    assert [name for name in names if "before" in name] == ["half of them, before 16,000", "99 of 100, before 16,000"]


def test_the_longest_name_of_a_curve_fits_beside_it(tmp_path: Path) -> None:
    picture = drawn(tmp_path, [pace(1.0)], [pace(4.0)])
    assert picture is not None
    named = [text for text in picture.iter(f"{SVG}text") if "before" in "".join(text.itertext())]
    of_a_letter = 6.3  # on average, of a font of 12 pixels: 6.1 in Chromium
    for text in named:
        assert float(text.attrib["x"]) + of_a_letter * len("".join(text.itertext())) <= WIDTH


def test_names_of_curves_that_end_at_one_place_stand_apart(tmp_path: Path) -> None:
    picture = drawn(tmp_path, [pace(1.0)], [pace(1.0)])
    assert picture is not None
    places = sorted(
        float(text.attrib["y"]) for text in picture.iter(f"{SVG}text") if "of" in "".join(text.itertext())[:12]
    )
    assert all(after - before >= 14 for before, after in pairwise(places))


def test_nothing_is_drawn_of_results_that_depend_on_nothing(tmp_path: Path) -> None:
    assert (
        drawn(tmp_path, [Section("The whole pipeline", (Figure("one worker", "wall", "events/s", (1.0,)),))], [])
        is None
    )
