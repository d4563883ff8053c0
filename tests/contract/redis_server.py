"""A real Redis or Valkey server of the test's own, which can be killed, frozen and started again on its port."""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

from streams.local.redis import find_redis


class RedisServer:
    """Keeps its data over a kill (append-only file in `folder`), as a server in production does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [find_redis(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "local"]
        self._process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
        self._wait()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def tell(self, command: str) -> bytes:
        """Send a command on a connection of its own; what comes back, as it is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(4096)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError):
                if self.tell("PING").startswith(b"+PONG"):
                    return
        raise TimeoutError("the Redis server did not start")
