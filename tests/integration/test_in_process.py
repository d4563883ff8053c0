"""A command in the process of a test: it sees what a process of its own would, and leaves nothing behind."""

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from tests.integration.command import harmonia
from tests.integration.in_process import as_own_process

PLAIN = {"PATH": os.environ["PATH"], "ONLY": "this"}


def state() -> tuple[object, ...]:
    """What the process has, as far as a command may change it."""
    loggers = {name: logging.getLogger(name).level for name in ("", "kafka", "aiokafka", "new.library")}
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    files = [Path(f"/proc/self/fd/{number}").readlink() for number in range(3)]
    hooks = (sys.excepthook, threading.excepthook, warnings.showwarning, *logging.getLogger().handlers)
    streams = (sys.stdin, sys.stdout, sys.stderr, *sys.argv)
    collector = (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())
    return dict(os.environ), Path.cwd(), loggers, handlers, files, hooks, streams, collector, warnings.filters[:]


def test_a_command_sees_its_own_environment_and_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    before = state()
    (tmp_path / ".env").write_text("HARMONIA_REGIME=fr\n")

    shown = harmonia(tmp_path, "policy", "show", environment={})

    assert (shown.returncode, b"regime fr" in shown.stdout.splitlines()[0], shown.stderr) == (0, True, b"")
    assert state() == before


def test_what_a_command_changes_is_put_back_even_where_it_fails(tmp_path: Path) -> None:
    before = state()

    def command() -> None:
        assert (dict(os.environ), Path.cwd(), sys.argv) == (PLAIN, tmp_path, ["harmonia", "a", "b"])
        os.environ["MORE"] = "1"
        logging.getLogger("kafka").setLevel(logging.ERROR)
        logging.getLogger("new.library").setLevel(logging.DEBUG)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        warnings.simplefilter("error")
        gc.disable()
        gc.freeze()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), as_own_process(tmp_path, PLAIN, ("a", "b"), None):
        command()

    assert state() == before


def test_all_that_is_written_to_the_streams_is_caught_by_children_and_libraries_too(tmp_path: Path) -> None:
    with as_own_process(tmp_path, PLAIN, (), "gegeben é".encode()) as written:
        assert not sys.stdin.isatty()
        sys.stdout.write(f"{sys.stdin.read()}\n")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", "import sys; print('child'); sys.exit('its failure')"], check=False)
        logging.getLogger("some.library").warning("a warning")
        logging.getLogger("some.library").info("no warning")
        warnings.warn("not to be used", UserWarning, stacklevel=1)
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)

    assert written.stdout.decode() == "gegeben é\nchild\n"
    said = written.stderr.decode().splitlines()
    assert said[:2] == ["its failure", "a warning"]
    assert "UserWarning: not to be used" in said[2]
    assert "soon gone" not in written.stderr.decode()


def test_a_command_beside_another_one_is_refused(tmp_path: Path) -> None:
    with as_own_process(tmp_path, PLAIN, (), None), pytest.raises(RuntimeError, match="process of its own"):
        harmonia(tmp_path, "policy", "show", environment={})
