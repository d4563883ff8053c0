"""Starts processes of the demo in sessions of their own, reads what they say, and stops them; and work beside it."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import TypeVar

STOP_SECONDS = 30
"""Longer than the grace after which a process of ours ends by itself."""
LOOK_AGAIN_SECONDS = 0.05
Result = TypeVar("Result")


def begin(work: Callable[[], Result], using: ExitStack) -> "Future[Result]":
    """Do work in a thread of this process, until it is done or `using` ends.

    Ctrl-C does not wait for it. A thread must not outlive the interpreter, which would abort the process.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as failure:  # noqa: BLE001 (whoever asks for the result gets it)
            future.set_exception(failure)

    thread = Thread(target=run, daemon=True)
    thread.start()
    using.callback(_end, thread)
    return future


def _end(thread: Thread) -> None:
    """Raise SystemExit in a thread, wherever it is in our code, and wait until it has ended."""
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        thread.join(LOOK_AGAIN_SECONDS)


def start_session(
    command: Sequence[str], environment: Mapping[str, str], log: Path, keep_open: Sequence[int] = ()
) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a command in a session of its own; returns it, and where in `log` it begins to write.

    `environment` is added to this process's own. `keep_open`: file descriptors that it holds for as long as it runs.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        began = output.tell()
        process = subprocess.Popen(  # nosec B603 # words of ours, no shell
            command,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep_open,
        )
    return process, began


def stop_session(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> int:
    """Signal all processes of a session and wait; returns the exit code. Those that do not end in time are killed."""
    if process.poll() is None:
        os.killpg(process.pid, number)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def lines_of(process: "subprocess.Popen[bytes]", log: Path, began: int) -> Iterator[str]:
    """Yield whole lines as they are written, until the process has ended."""
    rest = b""
    with log.open("rb") as written:
        written.seek(began)
        while True:
            ended = process.poll() is not None
            *lines, rest = (rest + written.read()).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
            if ended:
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_AGAIN_SECONDS)
