"""Starts, recognises, awaits and stops one background server.

A server is recognised by its working directory, not by its process id alone: ids are used again, and start times move
when the clock is set.
"""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import psutil

from streams.local.errors import LocalStackError, PortLost

HOST = "127.0.0.1"
START_SECONDS = 180
STOP_SECONDS = 30
OWNER_ALONE = 0o077
"""The umask of servers: what they keep is of people, and other users of the machine may not read it."""
_RECORD = "server.json"
_LOG = "server.log"


@dataclass(frozen=True, slots=True)
class Server:
    """A started server process and its ports; the first is the one for clients."""

    pid: int
    ports: tuple[int, ...]

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.ports[0]}"


def recorded_server(directory: Path) -> Server | None:
    """The server last started in this directory, running or not."""
    try:
        record = json.loads((directory / _RECORD).read_bytes())
        return Server(int(record["pid"]), tuple(int(port) for port in record["ports"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def running_server(directory: Path) -> Server | None:
    """The server that runs in this directory now."""
    server = recorded_server(directory)
    return server if server and _runs(server.pid, directory) else None


def _runs(pid: int, directory: Path) -> bool:
    try:
        return Path(psutil.Process(pid).cwd()) == directory.resolve()
    except (psutil.Error, OSError):  # gone, a zombie, or somebody else's
        return False


def make_private(directory: Path) -> None:
    """Make a folder that its owner alone may look into, also where an older version has made it for everybody."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def launch(directory: Path, command: Sequence[str], ports: tuple[int, ...], greeting: bytes) -> Server:
    """Start a server in its directory and wait until it answers `greeting` on its first port.

    It runs in a session of its own, so neither Ctrl-C nor a closed terminal reaches it.

    Raises:
        PortLost: it stopped because a port was taken.
        LocalStackError: it stopped or kept silent for another reason.
    """
    make_private(directory)
    with (directory / _LOG).open("wb") as log:
        process = subprocess.Popen(  # nosec B603 # words of ours, no shell
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=OWNER_ALONE,
        )
    try:
        server = Server(process.pid, ports)
        (directory / _RECORD).write_text(json.dumps(asdict(server)))
        _wait(lambda: _answers(server, greeting), process)
    except BaseException as failure:
        process.kill()
        process.wait()
        if not isinstance(failure, _NotReady):
            raise
        if choose_ports(*ports) != ports:
            raise PortLost from failure
        name = Path(command[0]).name
        raise LocalStackError(f"{name} {failure}; the end of its log:\n{_end(directory / _LOG)}") from failure
    return server


class _NotReady(Exception):
    """Why a server cannot be waited for any longer."""


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        with suppress(subprocess.TimeoutExpired):
            raise _NotReady(f"stopped with exit code {process.wait(timeout=0.02)}")
        if time.monotonic() > deadline:
            raise _NotReady(f"was not ready after {START_SECONDS} s")


def _answers(server: Server, greeting: bytes) -> bool:
    try:
        with socket.create_connection((HOST, server.ports[0]), timeout=5) as connection:
            if not _listens(server):
                return False
            connection.sendall(greeting)
            return connection.recv(1) != b""
    except OSError:
        return False


def _listens(server: Server) -> bool:
    try:
        connections = psutil.Process(server.pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == server.ports[0] for c in connections)


def stop(directories: Sequence[Path]) -> list[int]:
    """Stop the servers of these directories, all at once; returns the ids of those that ran."""
    servers = [server for directory in directories if (server := running_server(directory))]
    processes = []
    for server in servers:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(server.pid)
            process.terminate()
            processes.append(process)
    for process in psutil.wait_procs(processes, timeout=STOP_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(timeout=STOP_SECONDS)
    return [server.pid for server in servers]


def choose_ports(*wished: int) -> tuple[int, ...]:
    """Different free loopback ports: those wished for where they are free, so that addresses outlive a restart.

    In the place of 0, or of a port that is taken, the system chooses.
    """
    with ExitStack() as held:  # all at once, or the system might name one of them twice
        return tuple(_bound(held, port) or _bound(held, 0) or _no_port() for port in wished)


def _bound(held: ExitStack, port: int) -> int | None:
    probe = held.enter_context(socket.socket())
    if port:  # or the leavings of its last clients would keep a server from its own port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
    except OSError:
        return None
    return int(probe.getsockname()[1])


def _no_port() -> NoReturn:
    raise LocalStackError("no free port on the loopback interface")


def _end(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
