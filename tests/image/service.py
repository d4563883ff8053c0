"""Services of docker-compose.yml as containers on this machine's own network: as strict, and with the same commands."""

import os
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import yaml

from streams.local.server import choose_ports
from tests.image.engine import IMAGE, Container, Engine
from tests.integration.waiting import until
from tests.unit.packaging.dockerfile import ROOT

_SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
_METRICS_PORT = "9464"
_MOST_FILES = 65_536
_PATIENCE_S = 120
_OWN_PORTS = range(20_000, 32_000, 2)
"""Below those that a system gives to its clients, of which the next one may be taken at any time."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready. `port`: where it listens, if it does; `check`: what compose asks it for."""

    container: Container
    port: int
    check: Sequence[str]

    @property
    def url(self) -> str:
        """Where its clients ask."""
        return f"http://127.0.0.1:{self.port}"

    def is_healthy(self) -> bool:
        """Whether the health check of the compose file ends well in it."""
        return self.container.is_healthy(self.check)


@dataclass(frozen=True, slots=True)
class Site:
    """Where containers run: an engine, and the settings and volumes of whoever runs them."""

    engine: Engine
    environment: Mapping[str, str]
    volumes: Mapping[str, str]
    """What the compose file mounts, by its name there, and what is mounted here instead."""

    def once(self, name: str, *words: str, tmp: bool = True) -> str:
        """What another command says with the settings of a service; it must end well."""
        how = self._options(name, *choose_ports(0), tmp=tmp)
        return self.engine.podman("run", "--rm", *how, IMAGE, *(words or _SERVICES[name]["command"]))

    def python(self, program: str, *words: str) -> str:
        """What a program of Python complains of in the image."""
        how = [*_strict(_SERVICES["worker"]), "--entrypoint=python"]
        return self.engine.tried("run", "--rm", *how, IMAGE, "-c", program, *words).stderr

    @contextmanager
    def running(self, name: str, *added: str) -> Iterator[Running]:
        """A service that is ready, for the length of a block. Told to stop, it must end by itself, in time and well.

        `added`: to its command.
        """
        service = _SERVICES[name]
        [port], metrics = choose_ports(0), _two_ports()
        words = [*(_on_this_network(word, port) for word in service["command"]), *added]
        named = f"{name}-{metrics}"
        self.engine.podman("run", "--detach", f"--name={named}", *self._options(name, metrics), IMAGE, *words)
        container = Container(self.engine, named, int(service["stop_grace_period"].removesuffix("s")))
        check = [word.replace(_METRICS_PORT, str(metrics)) for word in service["healthcheck"]["test"][1:]]
        try:
            started = Running(container, port, check)
            until(started.is_healthy, f"{name} to be healthy", _PATIENCE_S)
            yield started
            assert container.stop() == 0, container.log()
            assert "Traceback" not in container.log(), container.log()
        finally:
            self.engine.tried("rm", "--force", "--volumes", "--time=0", named)

    def _options(self, name: str, metrics: int, *, tmp: bool = True) -> list[str]:
        service = _SERVICES[name]
        listening = {"HARMONIA_METRICS_HOST": "127.0.0.1", "HARMONIA_METRICS_PORT": str(metrics)}
        said = {**_own_settings(service), **self.environment, **listening}
        return [
            *_strict(service),
            *(f"--tmpfs={place}:size=64m" for place in service["tmpfs"] if tmp),
            *(f"--volume={self._volume(each)}" for each in service.get("volumes", ())),
            *(f"--env={key}={value}" for key, value in said.items()),
        ]

    def _volume(self, said: str) -> str:
        source, colon, rest = said.partition(":")
        return f"{self.volumes.get(source, source)}{colon}{rest}"


def _strict(service: Mapping[str, Any]) -> list[str]:
    """What the compose file asks for, with no line of its user in /etc/passwd, as Docker and Kubernetes leave it."""
    files = min(_MOST_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    return [
        *(["--read-only", "--read-only-tmpfs=false"] if service["read_only"] else []),
        *(f"--cap-drop={each}" for each in service["cap_drop"]),
        *(f"--security-opt={each.removesuffix(':true')}" for each in service["security_opt"]),
        *("--passwd=false", "--network=host", "--log-driver=k8s-file"),
        # A root that may not raise limits, as in a container, may not ask for what podman would ask for.
        *(f"--ulimit=nofile={files}:{files}", "--ulimit=nproc=4096:4096"),
    ]


def _own_settings(service: Mapping[str, Any]) -> dict[str, str]:
    """Those that are this service's alone: names of places in it."""
    return {key: value for key, value in service["environment"].items() if str(value).startswith("/")}


def _on_this_network(word: str, port: int) -> str:
    """A network of its own has every address and port to itself."""
    return "127.0.0.1" if word == "0.0.0.0" else str(port) if word.isdecimal() else word


def _two_ports() -> int:
    """A free port of which the next one is free too: that is where a second process of a worker has its metrics."""
    begin = os.getpid() % len(_OWN_PORTS)
    for port in chain(_OWN_PORTS[begin:], _OWN_PORTS[:begin]):
        if choose_ports(port, port + 1) == (port, port + 1):
            return port
    raise AssertionError(f"no two ports in a row are free in {_OWN_PORTS}")
