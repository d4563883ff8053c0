"""What is printed while libraries are installed."""

import sys
from pathlib import Path

import pytest

from streams.local.install_progress import libraries_in, main, progress

ROOT = Path(__file__).parents[3]


def test_every_tenth_library_has_a_line_and_so_has_the_end() -> None:
    lines = [f"Collecting one=={number}" for number in range(18)] + ["Ignoring x: markers", "  Downloading x.whl"]
    told = list(progress([*lines, "Collecting y", "Installing collected packages: one, y"], 21))
    assert told == [
        "  10 of 21 libraries fetched",
        "  20 of 21 libraries fetched",
        "  all are here; unpacking them",
    ]


def test_the_libraries_of_a_lock_are_counted_once_each() -> None:
    lock = ROOT / "requirements.lock"
    assert libraries_in(lock) == len([line for line in lock.read_text().splitlines() if line[:1].isalnum()])


def test_a_command_that_fails_fails_with_its_own_exit_code(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one==1 \\\n    --hash=sha256:0\n# by one\n")
    script = "import sys; print('Installing collected packages: one', flush=True); sys.exit('no room')"
    assert main([str(lock), sys.executable, "-c", script]) == 1
    told = capfd.readouterr()
    assert told.out == ""
    assert "  all are here; unpacking them\n" in told.err
    assert "no room\n" in told.err
