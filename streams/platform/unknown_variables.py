"""Finds environment variables that are named like settings and are none, so that they are ignored unnoticed."""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from pydantic_settings import DotEnvSettingsSource

from events.spelling import nearest_name
from streams.platform.servers import ENV_FILE
from streams.platform.settings import Settings, env_file_note, variable_of

PREFIX = "HARMONIA_"
_names_a_service = re.compile(r"_(SERVICE_(HOST|PORT\w*)|PORT_\d+_(TCP|UDP)\w*)$").search


class UnknownVariable(NamedTuple):
    """A variable that is no setting. `near`: the setting that was probably meant; None: nothing is spelled like it."""

    variable: str
    near: str | None

    def __str__(self) -> str:
        cure = "docs/settings.md has all" if self.near is None else f"did you mean {self.near}?"
        return f"{self.variable}{env_file_note(self.variable)} is no setting and is ignored: {cure}"


def unknown_variables() -> list[UnknownVariable]:
    """The unknown variables of this process's environment and of the file `.env`."""
    fields = [*Settings.model_fields]
    known = {variable_of(field) for field in fields} | {f"{PREFIX}{field.upper()}" for field in fields}
    in_file = DotEnvSettingsSource(Settings, env_file=ENV_FILE).env_vars
    return unknown_among({**in_file, **os.environ}, known)


def unknown_among(given: Mapping[str, str | None], known: Collection[str]) -> list[UnknownVariable]:
    """The variables of `given` that begin like a setting and are not `known`, by name.

    Kubernetes tells each container of services in such variables as well; they are nobody's settings.
    """
    names = {name.upper() for name, value in given.items() if not (value or "").startswith(("tcp://", "udp://"))}
    return [
        UnknownVariable(name, _near(name, known))
        for name in sorted(names)
        if name.startswith(PREFIX) and name not in known and not _names_a_service(name)
    ]


def _near(name: str, known: Iterable[str]) -> str | None:
    """The known variable that is spelled most like a name, compared without the prefix that all have in common."""
    ends = {each.removeprefix(PREFIX): each for each in sorted(known)}
    near = nearest_name(name.removeprefix(PREFIX), ends)
    return None if near is None else ends[near]
