"""Workers that end by themselves are noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.demo.run import DemoBusy, _alone
from streams.demo.workers import Workers
from streams.local.errors import LocalStackError


def test_workers_that_have_ended_are_named_with_their_exit_code_and_log(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(70)"])
    process.wait()

    with pytest.raises(LocalStackError, match=r"exit code 70; see .*worker\.log"):
        Workers(process, [], tmp_path / "worker.log").must_run()


def test_kept_workers_hold_the_directory(tmp_path: Path) -> None:
    """The demo that started them has long ended."""
    read, write = os.pipe()
    with _alone(tmp_path) as lock:
        kept = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=read, pass_fds=[lock])
    os.close(read)
    try:
        with pytest.raises(DemoBusy), _alone(tmp_path):
            pass
    finally:
        os.close(write)
        kept.wait()
    with _alone(tmp_path):
        pass


def test_of_a_worker_that_was_started_again_the_last_address_is_known(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    running = subprocess.Popen(["sleep", "60"], start_new_session=True)
    gone = subprocess.Popen(["true"], start_new_session=True)
    gone.wait()
    try:
        lines = [f"worker {pid}: metrics on http://127.0.0.1:{pid}/metrics" for pid in (gone.pid, running.pid)]
        log.write_text("\n".join([*lines, f"worker {running.pid}: working on 8 partitions", ""]))
        assert Workers(running, [], log).addresses_now() == [f"http://127.0.0.1:{running.pid}/metrics"]
    finally:
        running.kill()
        running.wait()
