"""Lets a command run in this process as if it had one of its own.

Everything process-wide that a command sees or changes is set before it and put back after it, here and nowhere else:
the environment, the folder, the three standard streams, arguments, hooks, signals, logs, warnings and the collector.
"""

import gc
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TextIO

ENDED_WITHIN_S = 60
"""A process ends once its last thread has; who is at work longer hangs."""
_ALONE = threading.Lock()


@dataclass(slots=True)
class Written:
    """What was written to the standard streams, once the block has ended."""

    stdout: bytes = b""
    stderr: bytes = b""


@contextmanager
def as_own_process(
    folder: Path, environment: Mapping[str, str], words: tuple[str, ...], given: bytes | None
) -> Iterator[Written]:
    """A process of its own, as far as the block can see. Its children have its streams too.

    Raises `RuntimeError` beside another one: a process has one environment and one folder.
    """
    if not _ALONE.acquire(blocking=False):
        raise RuntimeError("a command runs in this process already: run it as a process of its own")
    written = Written()
    with ExitStack() as after:
        after.callback(_ALONE.release)
        out, err = (after.enter_context(TemporaryFile()) for _ in range(2))
        with ExitStack() as undone:
            undone.enter_context(chdir(folder))
            undone.enter_context(_environment(environment))
            undone.enter_context(_streams(given, out, err))
            undone.enter_context(_interpreter(words))
            undone.enter_context(_logs_and_warnings())
            undone.enter_context(_threads_of_its_own())
            yield written
        for file in (out, err):
            file.seek(0)
        written.stdout, written.stderr = out.read(), err.read()


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)

    def become(environment: Mapping[str, str]) -> None:
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)

    become(wanted)
    try:
        yield
    finally:
        become(before)


@contextmanager
def _streams(given: bytes | None, out: IO[bytes], err: IO[bytes]) -> Iterator[None]:
    """Standard input is a pipe, or nothing; what libraries and children write is caught too, by its descriptor."""
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as undone:
        source = undone.enter_context(_piped(given))
        for number, file in enumerate((source, out.fileno(), err.fileno())):
            kept = os.dup(number)
            undone.callback(os.close, kept)
            undone.callback(os.dup2, kept, number)
            os.dup2(file, number)
        sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w", "backslashreplace")
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            sys.stdin, sys.stdout, sys.stderr = before


def _text(number: int, mode: str, errors: str = "strict") -> TextIO:
    return open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # type: ignore[return-value]


@contextmanager
def _piped(given: bytes | None) -> Iterator[int]:
    """A descriptor from which this can be read."""
    if given is None:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing.fileno()
        return
    reading, writing = os.pipe()
    writer = threading.Thread(target=_write, args=(writing, given))
    writer.start()
    try:
        yield reading
    finally:
        os.close(reading)
        writer.join()


def _write(descriptor: int, given: bytes) -> None:
    try:
        with open(descriptor, "wb") as file:
            file.write(given)
    except BrokenPipeError:  # the command did not want all of it
        pass


@contextmanager
def _interpreter(words: tuple[str, ...]) -> Iterator[None]:
    """Arguments, hooks for what nobody catches, handlers of signals, and how rarely objects are collected."""
    argv, hooks = sys.argv, (sys.excepthook, threading.excepthook)
    handlers = {each: signal.getsignal(each) for each in signal.valid_signals()}
    collecting, thresholds, frozen = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    sys.argv = ["harmonia", *words]
    threading.excepthook = threading.__excepthook__
    try:
        yield
    finally:
        sys.argv, (sys.excepthook, threading.excepthook) = argv, hooks
        for each, handler in handlers.items():
            if signal.getsignal(each) is not handler:
                signal.signal(each, handler)
        (gc.enable if collecting else gc.disable)()
        gc.set_threshold(*thresholds)
        if gc.get_freeze_count() > frozen:
            gc.unfreeze()


@contextmanager
def _logs_and_warnings() -> Iterator[None]:
    """Logs and warnings as of a process in which nobody has set any: warnings and errors are on standard error.

    What threads of the test log is no word of the command.
    """
    root, last = logging.getLogger(), logging.lastResort
    assert last is not None
    levels, handlers = _levels(), root.handlers
    others = {each.ident for each in threading.enumerate()} - {threading.get_ident()}

    def is_of_the_command(record: logging.LogRecord) -> bool:
        return record.thread not in others

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = _show_warning
        root.handlers = []
        last.addFilter(is_of_the_command)
        try:
            yield
        finally:
            last.removeFilter(is_of_the_command)
            root.handlers = handlers
            for logger, level in _levels().items():
                if level != (before := levels.get(logger, logging.NOTSET)):
                    logger.setLevel(before)


def _levels() -> dict[logging.Logger, int]:
    found = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    return {each: each.level for each in found if isinstance(each, logging.Logger)}


def _show_warning(  # noqa: PLR0913, PLR0917 (as the library calls it)
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


@contextmanager
def _threads_of_its_own() -> Iterator[None]:
    """A process ends when its threads have: those that a command leaves at work would keep it."""
    before = {*threading.enumerate()}
    yield
    for each in threading.enumerate():
        if each not in before and not each.daemon:
            each.join(ENDED_WITHIN_S)
            assert not each.is_alive(), f"the process would not end: {each.name} goes on"
