"""A backtest: its report, its intervals, and the people whose fragments it gathers."""

import os
import re
import signal
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import mean
from xml.etree import ElementTree

import numpy as np
import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from events.times import render_time
from sinks.lake.files import LocalFiles
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_LINKS, SnapshotWriter
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.domain.contact.sections.messages import Touch
from streams.domain.pressure import Decision, PermissionRequest, Reason, default_policy
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult, backtest, end_of
from streams.history.backtest.person_facts import person_facts
from streams.history.backtest.report.figures import FEWEST_GIVERS, FEWEST_PEOPLE, json_of, mean_amount, wilson_interval
from streams.history.backtest.report.html import html_of
from streams.history.backtest.report.pages import page
from streams.history.backtest.tally import Cell, CellKey, JudgedTouch, TouchOutcome, weights_of
from streams.history.backtest.touch_history import AskedTouch, TimeSpan
from streams.history.lake.coverage import LakeGap
from streams.history.refold.contact_rows import histories
from streams.history.refold.lake_source import NEEDED
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

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


# Confidence intervals, held against the formula and against simulations.
Z = 1.959963984540054


@pytest.mark.parametrize(("count", "of"), [(0, 1), (0, 40), (3, 40), (40, 40), (900, 10_000)])
def test_shares_have_wilson_intervals(count: int, of: int) -> None:
    rate = count / of
    middle = (rate + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z * sqrt(rate * (1 - rate) / of + Z**2 / (4 * of**2)) / (1 + Z**2 / of)

    found = wilson_interval(count, of)

    assert found is not None
    assert found == pytest.approx((rate, middle - half, middle + half))


def given(amounts: list[int], mark: str) -> Cell:
    cell = Cell()
    for number, amount in enumerate(amounts):
        gifts = frozenset({(("s", "1"), "USD", amount)} if amount else ())
        cell.take(1, TouchOutcome(gifts), weights_of(f"{mark}-{number}"))
    return cell


def test_mean_amounts_of_few_people_or_givers_have_no_interval() -> None:
    enough = [100] * FEWEST_GIVERS + [0] * (FEWEST_PEOPLE - FEWEST_GIVERS)

    assert mean_amount(given(enough, "a"), "USD") is not None
    assert mean_amount(given(enough[:-1], "a"), "USD") is None
    assert mean_amount(given([0, *enough[1:]], "a"), "USD") is None
    assert mean_amount(given(enough, "a"), "EUR") is None


def test_resampled_intervals_cover_the_true_mean_nearly_as_often_as_stated() -> None:
    """Of gifts as they are: most give nothing, some a lot. 95 % in the long run; of 60 worlds at least 50."""
    chance = np.random.default_rng(8)
    truth, held = 0.2 * np.exp(3 + 0.5), 0
    for world in range(60):
        amounts = np.where(chance.random(300) < 0.2, np.round(100 * chance.lognormal(3, 1, 300)), 0)
        found = mean_amount(given([int(amount) for amount in amounts], str(world)), "USD")
        assert found is not None
        assert found.value == pytest.approx(mean(amounts))
        held += found.low <= 100 * truth <= found.high

    assert held >= 50


def test_a_share_of_nobody_has_no_interval() -> None:
    assert wilson_interval(0, 0) is None


# A backtest that is interrupted by a signal.
def test_a_stopped_backtest_leaves_no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def stopped(_: str, __: BacktestOptions, folder: Path, ___: int) -> BacktestResult:
        folder.mkdir()
        (folder / "spill").write_text("of people")
        seen.append(folder)
        os.kill(os.getpid(), signal.SIGTERM)
        return BacktestResult()

    monkeypatch.setattr("streams.history.backtest.backtest_run.backtest", stopped)
    policy = str(Path(__file__).with_name("policy.toml"))
    LakeWriter(LocalFiles(tmp_path / "lake"), TOPIC_ID).write(0, 0, 0, [topic_record(0, "email.sent")])

    ended = CliRunner().invoke(app, ["backtest", "--policy", policy, "--lake", str(tmp_path / "lake")])

    assert ended.exit_code == 128 + signal.SIGTERM
    assert not seen[0].exists()


# Linked fragments are one person, and counts of parts add up to those of the whole.
def lake(folder: Path, *records: Fetched) -> str:
    LakeWriter(LocalFiles(folder), TOPIC_ID).write(0, 0, len(records) - 1, records)
    return str(folder)


def linked(folder: Path, absorbed: str, survivor: str) -> None:
    writer = SnapshotWriter(LocalFiles(folder), "2012-02-22", NOW)
    with writer.file(CONTACT_LINKS) as add:
        add(pa.table({"contact_id": [absorbed], "version": [1], "merged_into": [survivor]}))
    assert writer.commit() is not None


def test_a_backtest_judges_linked_fragments_as_one_person(tmp_path: Path) -> None:
    gift = topic_record(0, "donation.made", NOW - 2 * DAY, contact={"email": "ada@example.org"})
    text = topic_record(1, "text.sent", NOW - DAY, contact={"phone": "+1 212 555 0100"})
    after = topic_record(2, "donation.made", NOW, contact={"email": "ada@example.org"}, donation_id="x:2")
    place = lake(tmp_path / "lake", gift, text, after)
    apart = backtest(place, ORDERS, tmp_path / "apart", 1)
    email, phone = HASHER.email("ada@example.org"), HASHER.phone("+1 212 555 0100")
    assert email is not None
    assert phone is not None

    linked(tmp_path / "lake", phone, email)
    together = backtest(place, ORDERS, tmp_path / "together", 1)

    assert (apart.linked, together.linked) == (False, True)
    assert apart.tally.cell(CellKey("new", "reason", "unknown_contact", "deny")).gave == 0
    assert together.tally.cell(CellKey("new", "reason", "unknown_address", "deny")).gave == 1


def test_a_backtest_ends_with_the_lakes_last_day_and_counts_touches_whose_window_is_open(tmp_path: Path) -> None:
    place = lake(
        tmp_path / "lake", topic_record(0, "email.sent", NOW - 9 * DAY), topic_record(1, "text.sent", NOW - DAY)
    )
    orders = BacktestOptions(default_policy(), default_policy(), TimeSpan(), end=end_of(place))

    result = backtest(place, orders, tmp_path / "spills", 1)

    assert orders.end == NOW // DAY * DAY
    assert (result.sends, result.open) == (2, 1)


def test_a_backtest_counts_the_same_with_several_processes() -> None:
    people = [
        [
            topic_record(3 * at, "email.sent", NOW - 3 * DAY, contact={"contact_id": who}, message_id=f"m{at}"),
            topic_record(3 * at + 1, "donation.made", NOW - DAY, contact={"contact_id": who}, donation_id=f"d:{at}"),
        ]
        for at, who in enumerate(("c0", "c1", "c2", "c3"))
    ]

    def counted(records: list[Fetched]) -> BacktestResult:
        result = BacktestResult()
        rows = pa.concat_tables(tables_of(records, TOPIC_ID).values()).select(list(NEEDED))
        for history in histories(rows.to_batches()):
            result.take(history.contact_id, list(person_facts(history, linked=False)), ORDERS)
        return result

    def cells(result: BacktestResult) -> dict[CellKey, tuple[object, ...]]:
        found = result.tally.cells.items()
        return {place: (cell.touches, cell.people, cell.gave, cell.gifts, list(cell.drawn)) for place, cell in found}

    whole, parts = counted([record for person in people for record in person]), BacktestResult()
    for person in people:
        parts.add(counted(person))

    assert cells(parts) == cells(whole)
    assert (parts.people, parts.sends, parts.rows) == (whole.people, whole.sends, whole.rows) == (4, 4, 8)


def test_a_backtest_of_a_folder_without_dates_has_no_end(tmp_path: Path) -> None:
    [table] = tables_of([topic_record(0, "email.sent", NOW - DAY)], TOPIC_ID).values()
    parquet.write_table(table, tmp_path / "some.parquet")

    assert end_of(str(tmp_path)) is None
