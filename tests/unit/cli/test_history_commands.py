"""`harmonia replay --dry-run` and `harmonia backtest` need no server, and say plainly what is wrong."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.domain.pressure import default_policy_text
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID, topic_record

REVERSED = ("--from", "2012-02-22", "--to", "2012-02-22")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARMONIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HARMONIA_POLICY", raising=False)
    monkeypatch.delenv("HARMONIA_LAKE", raising=False)
    types = ("email.sent", "text.sent", "donation.made", "email.unsubscribed")
    records = [topic_record(at, type_, NOW - DAY + at) for at, type_ in enumerate(types)]
    LakeWriter(LocalFiles(tmp_path / "lake"), TOPIC_ID).write(0, 0, len(records) - 1, records)
    (tmp_path / "policy.toml").write_text(default_policy_text().replace('text = "deny"', 'text = "allow"'))
    return tmp_path / "lake"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_dry_run_says_what_would_be_sent(lake: Path) -> None:
    ended = run("replay", lake, "--dry-run", "--json", "--types", "donation.*,email.*")

    assert ended.exit_code == 0, ended.stderr
    assert orjson.loads(ended.stdout) == {
        "interactions": {"donation.made": 1, "email.unsubscribed": 1},
        "refused": {},
        "left_out": {"messages older than 7 days, which enter by a rebuild": 1},
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("replay", "{lake}", "--types", "donation.mad"), 2, "--types: donation.mad"),
        (("replay", "{lake}", "--from", "monday"), 2, "--from: give a date"),
        (("replay", "{lake}/nothing", "--dry-run"), 1, "there is nothing"),
        (("replay", "{lake}/../policy.toml", "--dry-run"), 1, "not there: fragment, event"),
        (("backtest", "--policy", "{lake}/../policy.toml"), 2, "HARMONIA_LAKE"),
        (("backtest", "--policy", "{lake}/../broken.toml", "--lake", "{lake}"), 1, "broken.toml"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}", "--to", "x"), 2, "--to: give a date"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}x"), 1, "{lake}x: there is no past: name"),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}/../home"), 1, "home: there is no past: "),
        (("backtest", "--policy", "{lake}/../policy.toml", "--lake", "{lake}", *REVERSED), 2, "--from: give a time"),
        (("replay", "{lake}", "--dry-run", *REVERSED), 2, "--from: give a time before `--to`"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(lake: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (lake.parent / "broken.toml").write_text("caps = 1")
    (lake.parent / "home").mkdir()

    ended = run(*(word.format(lake=lake) for word in words))

    assert (ended.exit_code, said.format(lake=lake) in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_backtest_asks_both_policies_and_writes_a_file(lake: Path) -> None:
    policy, file = lake.parent / "policy.toml", lake.parent / "report.html"

    ended = run("backtest", "--policy", policy, "--lake", lake, "--out", file, "--processes", "1", "--json")

    assert ended.exit_code == 0, ended.stderr
    told = orjson.loads(ended.stdout)
    assert (told["sends"], told["people"], told["open"]) == (2, 1, 2)
    reasons = {(cell["policy"], cell["value"]) for cell in told["cells"] if cell["by"] == "reason"}
    assert ("old", "unknown_address") in reasons
    assert ("new", "unknown_address") not in reasons
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_a_time_in_which_nobody_was_reached_is_told(lake: Path) -> None:
    words = ("--policy", lake.parent / "policy.toml", "--lake", lake, "--processes", "1")

    ended = run("backtest", *words, "--to", "2012-01-01")

    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.startswith("! nobody was reached in this time: of 4 interactions none is a touch")
