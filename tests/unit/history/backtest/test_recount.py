"""A backtest of FEC donors and the sends invented around them, against a recount that shares nothing with it."""

import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from streams.demo.recount import moment
from streams.domain.pressure import Policy, default_policy, read_policy
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult, backtest
from streams.history.backtest.tally import CellKey
from streams.history.backtest.touch_history import TimeSpan
from tests.unit.history.backtest import recount
from tests.unit.history.backtest.demo_lake import identify, published, sent, write

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
