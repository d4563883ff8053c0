"""Somebody at a terminal of a deployment on which a worker is at work."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.command import Ended, ended_well, harmonia, on, refused
from tests.integration.system import System

NO_MORE: Mapping[str, str] = {}


class Terminal:
    """Its folder, and the settings of all commands that are run there; `where`: more settings of one of them."""

    def __init__(self, system: System, folder: Path, **settings: str) -> None:
        self.system, self.folder = system, folder
        self.environment = on(system.stack, **settings)

    def run(self, *words: str, given: bytes | None = None, where: Mapping[str, str] = NO_MORE) -> Ended:
        return harmonia(self.folder, *words, environment={**self.environment, **where}, given=given)

    def do(self, *words: str, given: bytes | None = None, where: Mapping[str, str] = NO_MORE) -> str:
        """What a command prints that must end well."""
        return ended_well(self.run(*words, given=given, where=where)).stdout.decode()

    def told(self, *words: str, where: Mapping[str, str] = NO_MORE) -> Any:
        """What it tells programs."""
        return json.loads(self.do(*words, "--json", where=where))

    def lines(self, *words: str, where: Mapping[str, str] = NO_MORE) -> list[Any]:
        """The same of one that tells them a line each."""
        return [json.loads(line) for line in self.do(*words, "--json", where=where).splitlines()]

    def refused(
        self, *words: str, code: int = 1, given: bytes | None = None, where: Mapping[str, str] = NO_MORE
    ) -> str:
        """Why a command was refused."""
        return refused(self.run(*words, given=given, where=where), code)
