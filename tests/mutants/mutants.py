"""The list of mutants: small faults, drawn at random, each with the test that notices it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `before`, whole lines that the file has once, and `after`, the lines in their place.

    `tests`: where to look first. `caught_by`: the test that noticed it when it was listed; None: no test did.
    """

    id: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    caught_by: str | None

    @property
    def room(self) -> str:
        return self.id.partition(".")[0]

    def applied_to(self, text: str) -> str:
        """The text of its file with the fault in it. Raises `LookupError` where the lines are not there once."""
        found = f"\n{text}".count(f"\n{self.before}\n")
        if found != 1:
            raise LookupError(f"{self.id}: {self.file} has these lines {found} times, not once: {self.before}")
        return f"\n{text}".replace(f"\n{self.before}\n", f"\n{self.after}\n")[1:]


def listed() -> list[Mutant]:
    """Every mutant of the list, in its order. Raises `ValueError` for one that is neither caught nor survives."""
    rooms: Mapping[str, Mapping[str, Any]] = tomllib.loads(LIST.read_text())
    return [_mutant(f"{room}.{name}", said) for room, mutants in rooms.items() for name, said in mutants.items()]


def _mutant(id_: str, said: Mapping[str, Any]) -> Mutant:
    caught_by = said.get("caught_by")
    if (caught_by is None) != said.get("survives", False):
        raise ValueError(f"{id_}: give either caught_by or survives = true")
    return Mutant(id_, said["file"], said["before"], said["after"], tuple(said["tests"]), caught_by)
