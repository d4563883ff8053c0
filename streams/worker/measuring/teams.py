"""Reads the hours at which each team works from a file, so that silence in them is news and silence at night is not.

time_zone = "America/New_York"

[teams.digital]
hours = ["mon-fri 09:00-21:00", "sat 10:00-16:00"]
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.platform.errors import Unusable
from streams.worker.measuring.label_names import is_team

GRACE = timedelta(hours=1)
"""A team that has just begun need not have said anything."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_span = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)").fullmatch


class Span(NamedTuple):
    """Hours on some days of the week (Monday is 0): minutes of the day, the last not included."""

    days: frozenset[int]
    begin: int
    end: int

    def has(self, at: datetime) -> bool:
        """Whether a local time is in it."""
        return at.weekday() in self.days and self.begin <= at.hour * 60 + at.minute < self.end


@dataclass(frozen=True, slots=True)
class TeamSchedule:
    """The working hours of teams, by team, and the time zone that they are in."""

    zone: ZoneInfo
    hours: Mapping[str, Sequence[Span]]

    def expected(self, at_ms: int) -> dict[str, bool]:
        """Of each team, whether it is at work and was an hour before. `at_ms`: ms since 1970."""
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        now, before = at.astimezone(self.zone), (at - GRACE).astimezone(self.zone)
        return {team: _any(spans, now) and _any(spans, before) for team, spans in self.hours.items()}


NO_SCHEDULE = TeamSchedule(ZoneInfo("UTC"), {})
"""No team is expected at any time."""


def read_schedule(path: Path | None) -> TeamSchedule:
    """The schedule in a file; `NO_SCHEDULE` without one. Raises `Unusable` that names the key and the cure."""
    if path is None:
        return NO_SCHEDULE
    try:
        return schedule_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Unusable(f"HARMONIA_TEAMS: it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise Unusable("HARMONIA_TEAMS: it is not UTF-8 text") from None
    except ValueError as error:
        raise Unusable(f"HARMONIA_TEAMS: {error}") from None


def schedule_of(said: Mapping[str, Any]) -> TeamSchedule:
    """The schedule of a parsed file. Raises ValueError that names the key and the cure."""
    unknown = said.keys() - {"time_zone", "teams"}
    if unknown:
        raise ValueError(f"{min(unknown)}: not a key; there are time_zone and teams")
    teams = said.get("teams", {})
    if not isinstance(teams, dict):
        raise ValueError("teams: must be tables, [teams.NAME] each")
    return TeamSchedule(_zone(said.get("time_zone", "UTC")), {name: _hours(name, team) for name, team in teams.items()})


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("time_zone: must be a name such as America/New_York") from None


def _hours(name: str, team: object) -> Sequence[Span]:
    where = f"teams.{name}"
    if not is_team(name):
        raise ValueError("teams: a name is a letter, then at most 31 letters, digits, _ or -")
    if not isinstance(team, dict) or team.keys() != {"hours"} or not isinstance(team["hours"], list):
        raise ValueError(f'{where}: must be hours = ["mon-fri 09:00-21:00"] and nothing else')
    return [_read_span(f"{where}.hours", text) for text in team["hours"]]


def _read_span(where: str, text: object) -> Span:
    found = _span(text.lower()) if isinstance(text, str) else None
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if found is None or first not in _DAYS or last not in _DAYS:
        raise ValueError(f'{where}: must be days and hours such as "mon-fri 09:00-21:00" or "sat 10:00-24:00"')
    begin, end = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
    if not begin < end <= 24 * 60:
        raise ValueError(f"{where}: must end after it begins, and by 24:00; after midnight it is another day's")
    length = (_DAYS.index(last) - _DAYS.index(first)) % 7
    return Span(frozenset((_DAYS.index(first) + day) % 7 for day in range(length + 1)), begin, end)


def _any(spans: Sequence[Span], at: datetime) -> bool:
    return any(span.has(at) for span in spans)
