"""The local stack: Kafka and Redis, started and stopped together.

All of a stack lives below one home directory, so several stacks run side by side. A server that the caller already
has (`KAFKA_BOOTSTRAP`, `REDIS_URL`) is taken as it is and never stopped.
"""

import fcntl
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from streams.local.errors import LocalStackError, PortLost
from streams.local.kafka import start_kafka
from streams.local.redis import start_redis
from streams.local.server import HOST, Server, make_private, recorded_server, running_server
from streams.local.server import stop as stop_servers
from streams.platform.settings import Settings, env_file_note
from streams.platform.shutdown import signals_end_the_block

Say = Callable[[str], None]
_TRIES = 5


@dataclass(frozen=True, slots=True)
class ExistingServers:
    """Servers that the caller already has, which are used and never stopped."""

    kafka_bootstrap: str | None = None
    redis_url: str | None = field(default=None, repr=False)  # a password may be in it

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The servers that settings name explicitly; a default names none."""
        named = settings.model_fields_set
        return cls(
            settings.kafka_bootstrap if "kafka_bootstrap" in named else None,
            settings.redis_url if "redis_url" in named else None,
        )


@dataclass(frozen=True, slots=True)
class Stack:
    """The addresses of both servers; `pids`: the processes that belong to the stack's home."""

    kafka_bootstrap: str
    redis_url: str = field(repr=False)
    pids: tuple[int, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which a worker finds the stack."""
        return {"KAFKA_BOOTSTRAP": self.kafka_bootstrap, "REDIS_URL": self.redis_url}


def say_nothing(_: str) -> None:
    """A `say` that prints nothing."""


def start(home: Path, given: ExistingServers | None = None, say: Say = say_nothing) -> Stack:
    """Start the stack of a home directory; servers that run already stay as they are.

    Raises:
        LocalStackError: a server does not start, or a given one does not answer. What this call started is stopped.
    """
    given = given or ExistingServers()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusively(home):
        for folder in filter(Path.exists, _folders(home)):
            make_private(folder)  # an older version has made it for everybody, and its server may still run
        ran_before = _pids(home)
        try:
            redis = _redis(home / "redis", given.redis_url, say)
            kafka = _kafka(home / "kafka", given.kafka_bootstrap, say)
        except BaseException:
            stop_servers([folder for folder in _folders(home) if _pid(folder) not in ran_before])
            raise
        return Stack(kafka, redis, _pids(home))


def stop(home: Path, *, wipe: bool = False) -> list[int]:
    """Stop the stack of a home directory; returns the ids of the processes that were stopped.

    Its data stays, and the next start uses the same addresses where it can. With `wipe` nothing stays.
    """
    if not home.exists():
        return []
    with _exclusively(home):
        stopped = stop_servers(_folders(home))
        if wipe:
            for folder in _folders(home):
                shutil.rmtree(folder, ignore_errors=True)
    return stopped


@contextmanager
def local_stack(home: Path, given: ExistingServers | None = None, say: Say = say_nothing) -> Iterator[Stack]:
    """A stack for the length of a block: servers that it started are stopped at its end.

    Also when the block fails, and at SIGTERM or SIGHUP, which end it as SystemExit.
    """
    with signals_end_the_block():
        ran_before = _pids(home)
        try:
            yield start(home, given, say)
        finally:
            stop_servers([folder for folder in _folders(home) if _pid(folder) not in ran_before])


def _kafka(directory: Path, given: str | None, say: Say) -> str:
    before = recorded_server(directory)
    if given and not (before and given == before.address):
        _must_answer("KAFKA_BOOTSTRAP", [f"//{broker}" for broker in given.split(",")], 9092)
        return given
    return _running_or_started(directory, lambda: start_kafka(directory, say)).address


def _redis(directory: Path, given: str | None, say: Say) -> str:
    before = recorded_server(directory)
    if given and not (before and given == _redis_url(before)):
        if not given.startswith("unix:"):
            _must_answer("REDIS_URL", [given], 6379)
        return given
    return _redis_url(_running_or_started(directory, lambda: start_redis(directory, say)))


def _redis_url(server: Server) -> str:
    return f"redis://{server.address}/0"


def _running_or_started(directory: Path, launch: Callable[[], Server]) -> Server:
    make_private(directory)
    server = running_server(directory)
    for _ in range(_TRIES):
        if server:
            return server
        try:
            server = launch()
        except PortLost:
            continue
    raise LocalStackError(f"other programs took every port that was tried for {directory.name}")


def _must_answer(name: str, urls: list[str], usual_port: int) -> None:
    # Host and port only: the URL may carry a password.
    addresses = [_address(name, url, usual_port) for url in urls]
    for address in addresses:
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError:
            continue
        return
    named = ", ".join(f"{host}:{port}" for host, port in addresses)
    raise LocalStackError(
        f"{name}{env_file_note(name)} is set to {named}, where nothing answers; without it a local server is started"
    )


def _address(name: str, url: str, usual_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(url.strip())
        return parts.hostname or HOST, parts.port or usual_port
    except ValueError as error:
        raise LocalStackError(f"{name} is not an address: {error}") from error


def _folders(home: Path) -> list[Path]:
    return [home / "kafka", home / "redis"]


def _pid(folder: Path) -> int | None:
    server = running_server(folder)
    return server.pid if server else None


def _pids(home: Path) -> tuple[int, ...]:
    return tuple(pid for folder in _folders(home) if (pid := _pid(folder)))


@contextmanager
def _exclusively(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
