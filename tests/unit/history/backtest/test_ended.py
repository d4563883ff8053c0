"""A backtest that is interrupted by a signal."""

import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.cli.main import app
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record


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
