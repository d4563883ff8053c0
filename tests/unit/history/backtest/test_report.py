"""A backtest as text, HTML and JSON."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import orjson
import pytest

from events.times import render_time
from streams.domain.contact.sections.messages import Touch
from streams.domain.pressure import Decision, PermissionRequest, Reason, default_policy
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
from streams.history.backtest.report.figures import json_of
from streams.history.backtest.report.html import html_of
from streams.history.backtest.report.pages import page
from streams.history.backtest.tally import JudgedTouch, TouchOutcome
from streams.history.backtest.touch_history import AskedTouch
from streams.history.lake.coverage import LakeGap
from tests.unit.events.records import NOW

ORDERS = BacktestOptions(default_policy(), default_policy())
TEAM = "<digital> & co"


def result(people: int = 60, team: str = TEAM, reason: Reason = "cap") -> BacktestResult:
    """Of each five people one gives after a touch that the new policy denies for this reason."""
    found = BacktestResult(rows=3 * people, people=people, sends=people, linked=True)
    for number in range(people):
        touch = Touch(NOW, "s", f"i{number}", "email")
        request = PermissionRequest(channel="email", purpose="informational", team=team)
        gifts = frozenset({(("s", "g"), "USD", 2_500)}) if number % 5 == 0 else frozenset()
        new = Decision("deny", reason) if number % 2 else Decision("allow", "ok")
        judged = JudgedTouch(
            AskedTouch(touch, request, None), new, Decision("allow", "ok"), TouchOutcome(gifts, left=number == 1)
        )
        found.tally.take(f"c{number}", [judged])
    return found


def test_every_backtest_table_shows_what_was_counted() -> None:
    shown = page(result(), ORDERS)
    tables = {part.title: [*part.rows] for part in shown.parts}

    assert shown.warnings == []
    assert tables["decisions"][0] == ("allow", "30", "50.0 %", "60", "100.0 %")
    change = tables["what followed, by what the two policies say (old → new)"]
    assert [row[:3] for row in change] == [("allow → allow", "30", "30"), ("allow → deny", "30", "30")]
    assert change[1][3].startswith("20.0 % (")
    assert change[1][4].startswith("$5.00 (")
    assert tables["reasons (docs/policy.md)"] == [("ok", "allow", "30", "60", "-30"), ("cap", "deny", "30", "0", "+30")]
    assert tables["by team, under the new policy"] == [(TEAM, "60", "30", "0", "30", "50.0 %", "0.0 %")]
    assert [row[0] for row in tables["by week, under the new policy (Mondays, UTC)"]] == ["2012-02-20"]


def test_a_backtest_shows_its_warnings_first() -> None:
    found = result()
    found.linked, found.open, found.unjudged = False, 7, 1

    first, second, third = page(found, ORDERS).warnings

    assert "no snapshot" in first
    assert second.startswith("7 touches are of the last 7 days")
    assert "left out" in third


def test_a_backtest_says_by_how_much_the_lake_is_behind_and_up_to_when_it_covers() -> None:
    behind = replace(ORDERS, gap=LakeGap(1_234, NOW))

    [warning] = page(result(), behind).warnings

    assert warning.startswith(f"the lake covers what came in up to {render_time(NOW)[:16].replace('T', ' ')}Z: 1,234 ")
    assert "are not in it" in html_of(result(), behind)
    assert json_of(result(), behind)["not_in_lake"] == {"records": 1_234, "since": render_time(NOW)}
    assert json_of(result(), ORDERS)["not_in_lake"] is None


def test_a_backtest_of_plain_files_is_not_told_to_take_a_snapshot() -> None:
    found = result()
    found.linked = found.lake = False

    [warning] = page(found, ORDERS).warnings

    assert warning.startswith("who is one person is not told there: each identifier counts as a person")


@pytest.mark.parametrize(("cascade", "word"), [(False, "happened all the same"), (True, "does not count for later")])
def test_a_backtest_says_whether_it_cascades(cascade: bool, word: str) -> None:
    facts = dict(page(result(), replace(ORDERS, cascade=cascade)).facts)

    assert word in facts["judged"]
    assert word in html_of(result(), replace(ORDERS, cascade=cascade))


def test_the_html_file_of_a_backtest_is_self_contained_and_its_charts_are_whole() -> None:
    html = html_of(result(), ORDERS)

    charts = [ElementTree.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    assert len(charts) == 8
    assert not re.search(r"(src|href)=|@import|url\(", html)
    assert "<digital>" not in html
    assert "&lt;digital&gt; &amp; co" in html
    bars = [each for each in charts[0].iter() if each.tag.endswith("rect") and each.get("class") in {"allow", "deny"}]
    heights = [float(each.get("height", "0")) for each in bars[2:]]
    assert heights[0] == heights[1] == heights[2] / 2, "30 and 30 under the new policy, 60 under the old"


def test_the_json_of_a_backtest_holds_every_cell() -> None:
    told = orjson.loads(orjson.dumps(json_of(result(), ORDERS)))

    [cell] = [
        each for each in told["cells"] if (each["policy"], each["by"], each["decision"]) == ("new", "all", "deny")
    ]
    assert (cell["touches"], cell["gave"]["people"], cell["left"]["people"]) == (30, 6, 1)
    assert cell["gave"]["rate"]["value"] == 0.2
    assert cell["amounts"]["USD"]["sum"] == 15_000
    assert told["policies"]["new"] == default_policy().version


def test_a_backtest_names_policies_by_their_files() -> None:
    named = replace(ORDERS, new_name="new.toml", old_name="the default policy")

    facts = dict(page(result(), named).facts)

    assert (facts["new policy"], facts["old policy"]) == (
        f"new.toml, version {ORDERS.new.version}",
        f"the default policy, version {ORDERS.old.version}",
    )
    assert "<title>What new.toml would have said</title>" in html_of(result(), named)
    assert json_of(result(), named)["names"] == {"new": "new.toml", "old": "the default policy"}
