"""Looking at a demo in the console: processes that are started, watched and stopped by their ids."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.demo.background import lines_of, start_session, stop_session
from streams.demo.console_processes import DemoConsole
from streams.demo.console_server import DemoClock
from streams.local.errors import LocalStackError
from tests.unit.services.console.hand_filled import NOW, hand_filled

TALKS = "import sys, time; print('here', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {TALKS}"


def test_a_background_process_is_in_a_session_of_its_own_and_ends_when_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of before\n")
    process, began = start_session([sys.executable, "-c", TALKS], {}, log)
    assert next(lines_of(process, log, began)) == "here"
    assert stop_session(process) == -signal.SIGTERM
    assert stop_session(process) == -signal.SIGTERM, "once more is no trouble"


def test_a_background_process_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.demo.background.STOP_SECONDS", 0.2)
    process, began = start_session([sys.executable, "-c", DEAF], {}, tmp_path / "log")
    assert next(lines_of(process, tmp_path / "log", began)) == "here"
    assert stop_session(process) == -signal.SIGKILL


def test_a_console_whose_process_has_ended_is_noticed_by_name(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ended:
        ended.wait()
    console = DemoConsole("http://127.0.0.1:1", tmp_path, tmp_path, {"console follow": ended}, tmp_path / "log")
    with pytest.raises(LocalStackError, match=r"console follow ended with exit code 3; see .*log"):
        console.must_run()


def test_the_demos_clock_stands_at_the_latest_event_of_the_desk(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "desk.sqlite")
    assert clock() > NOW, "the wall's, while there is no desk"
    hand_filled(tmp_path / "desk.sqlite").close()
    assert clock() == NOW - 120_000
