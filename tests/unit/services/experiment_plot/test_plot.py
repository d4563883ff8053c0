"""The picture: valid XML that says in words what it shows, with a zero line, dates and an interval inside its panel."""

import re
from xml.etree.ElementTree import Element, fromstring  # nosec B405 # of what the test has just drawn

import pytest

from events.experiment_results import ExperimentResult
from events.times import parse_time, render_time
from streams.domain.experiments.comparison_history import with_history
from streams.services.experiment_plot import svg
from streams.services.experiment_plot.plot import RIGHT
from tests.unit.domain.experiments.example import comparison, doors, gotv, watched

SVG = "{http://www.w3.org/2000/svg}"


def drawn(result: ExperimentResult) -> Element:
    picture = svg(result)
    assert picture is not None
    return fromstring(picture)  # nosec B314 # drawn here


def words(picture: Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


def test_a_plot_has_a_title_a_text_alternative_and_says_what_each_interval_says() -> None:
    picture = drawn(watched(gotv()))

    title, told = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert title.text == "gotv-subject-lines: donated"
    assert told.text == (
        "Effect against control in percentage points, with the 95 % interval that holds at every look. "
        "At 2026-02-11T17:30:04.250Z: deadline: +1.07 pp (+0.21 to +1.93), better; "
        "from a neighbour: +0.13 pp (-0.71 to +0.97), not yet known."
    )
    assert (picture.get("role"), picture.get("aria-labelledby")) == ("img", "title told")
    assert "deadline: +1.07 pp (+0.21 to +1.93), better" in words(picture)


@pytest.mark.parametrize("span_s", [1, 90, 240, 1_800])
def test_a_plot_of_a_short_time_has_dates_too(span_s: int) -> None:
    result = gotv()
    last = parse_time(result["as_of"]) or 0
    told = None
    for at in (last - span_s * 1_000, last):
        told = with_history(told, {**result, "as_of": render_time(at)})
    assert told is not None
    assert 2 <= sum(each.startswith("11 Feb 1") for each in words(drawn(told))) <= 7


def test_the_interval_ends_where_it_stands_now_on_the_scale() -> None:
    picture = drawn(watched(gotv()))
    ticks = {
        each.text: float(each.get("y", "")) - 4
        for each in picture.iter(f"{SVG}text")
        if each.get("text-anchor") == "end"
    }
    zero, one = ticks["no difference"], (ticks["no difference"] - ticks["+4"]) / 4
    whiskers = [each.get("d") or "" for each in picture.iter(f"{SVG}path") if each.get("class") == "line"]
    found = re.fullmatch(r"M([\d.]+) ([\d.]+) V([\d.]+)", whiskers[-1])

    assert found is not None
    x, low, high = map(float, found.groups())
    assert x == RIGHT
    assert abs(low - (zero + 0.71 * one)) < 1
    assert abs(high - (zero - 0.97 * one)) < 1


def test_a_plot_of_a_broken_split_says_not_to_trust_it() -> None:
    assert any("the split is broken, do not trust, provisional" in said for said in words(drawn(watched(doors()))))


def test_one_evaluation_is_plotted_and_none_is_not() -> None:
    assert len(words(drawn(with_history(None, gotv())))) > 10
    assert svg(gotv()) is None
    assert svg(with_history(None, gotv(comparisons=[]))) is None


def test_an_interval_of_no_width_and_names_of_any_kind_are_drawn() -> None:
    odd: ExperimentResult = gotv(
        experiment='<script>"&\x00', comparisons=[comparison("donated", "deadline", 0.0, 0.0, effect=0.0)]
    )
    picture = drawn(with_history(None, odd))

    assert words(picture)[0] == '<script>"&?: donated'
