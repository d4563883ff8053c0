"""A backtest beside a recount."""

import os
import signal
import tomllib
from collections import Counter, defaultdict
from math import sqrt
from pathlib import Path
from statistics import mean

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from sinks.lake.files import LocalFiles
from sinks.lake.rows import tables_of
from sinks.lake.snapshots import CONTACT_LINKS, SnapshotWriter
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.demo.recount import moment
from streams.domain.pressure import Policy, default_policy, read_policy
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult, backtest, end_of
from streams.history.backtest.person_facts import person_facts
from streams.history.backtest.report.figures import FEWEST_GIVERS, FEWEST_PEOPLE, mean_amount, wilson_interval
from streams.history.backtest.tally import Cell, CellKey, TouchOutcome, weights_of
from streams.history.backtest.touch_history import TimeSpan
from streams.history.refold.contact_rows import histories
from streams.history.refold.lake_source import NEEDED
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.backtest import recount
from tests.unit.history.backtest.demo_lake import identify, published, sent, write
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record
from tests.unit.worker.agents.contacts.interaction_records import HASHER

PUBLISHED = published(donations=250, scale=0.1)
TEXT = (Path(__file__).parent / "policy.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def asked() -> list[recount.Asked]:
    return recount.everything_asked(sent(PUBLISHED), identify)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> BacktestResult:
    folder = tmp_path_factory.mktemp("lake")
    write(folder / "lake" / "all.parquet", PUBLISHED)
    policy = read_policy(TEXT)
    assert isinstance(policy, Policy)
    return backtest(str(folder / "lake"), BacktestOptions(policy, default_policy(), TimeSpan()), folder / "spills", 1)


def test_decisions_on_every_touch_equal_the_recount(asked: list[recount.Asked], result: BacktestResult) -> None:
    words = tomllib.loads(TEXT)
    expected = Counter(recount.answer(words, each) for each in asked)

    told = {
        recount.Answer(place.verdict, place.value): cell.touches
        for place, cell in result.tally.cells.items()
        if (place.policy, place.by) == ("new", "reason")
    }

    assert told == expected
    assert result.sends == len(asked)
    assert len(expected) > 15, "a past in which too little happens shows nothing"


def test_counts_by_team_channel_and_week_equal_the_recount(asked: list[recount.Asked], result: BacktestResult) -> None:
    words = tomllib.loads(TEXT)
    expected: Counter[tuple[str, str, str]] = Counter()
    for each in asked:
        decision = recount.answer(words, each).decision
        week = f"{each.at:%G-W%V}"
        expected.update([("team", each.sent.team, decision), ("channel", each.channel, decision)])
        expected.update([("week", week, decision)])

    told: Counter[tuple[str, str, str]] = Counter()
    for place, cell in result.tally.cells.items():
        if place.policy == "new" and place.by in ("team", "channel", "week"):
            is_week = place.by == "week"
            value = f"{moment(place.value + 'T00:00:00Z'):%G-W%V}" if is_week else place.value
            told[place.by, value, place.verdict] += cell.touches

    assert told == expected


def test_outcomes_of_touches_equal_the_recount(asked: list[recount.Asked], result: BacktestResult) -> None:
    words = tomllib.loads(TEXT)
    theirs = defaultdict(list)
    for one in sent(PUBLISHED):
        theirs[identify(one.contact)].append(one)
    times = defaultdict(list)
    for each in asked:
        answer = recount.answer(words, each)
        for by, value in (("all", ""), ("reason", answer.reason), ("team", each.sent.team), ("channel", each.channel)):
            times[CellKey("new", by, value, answer.decision), each.person].append(each.at)
    expected: dict[CellKey, Counter[str]] = defaultdict(Counter)
    for (place, person), when in times.items():
        found = recount.followed(theirs[person], when)
        expected[place].update(
            people=1,
            gave=bool(found.gifts),
            left=found.left,
            complained=found.complained,
            gifts=len(found.gifts),
            amount=sum(amount for _, _, amount in found.gifts),
        )

    assert expected
    for place, counted in expected.items():
        cell = result.tally.cells[place]
        told = {name: getattr(cell, name) for name in ("people", "gave", "left", "complained", "gifts")}
        assert told | {"amount": cell.amounts["USD"]} == dict(counted), place


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


ORDERS = BacktestOptions(default_policy(), default_policy())


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
