"""A file of teams that names none is told: whoever set it relies on the silence of a team being news."""

from pathlib import Path

import pytest

from streams.operations.doctor.configuration import examine_configuration
from streams.platform.settings import Settings


@pytest.mark.parametrize(
    ("text", "verdict", "found"),
    [
        ('time_zone = "UTC"\n', "warn", "names no team"),
        ('[teams.digital]\nhours = ["mon-fri 09:00-21:00"]\n', "ok", "hours of 1 team"),
        ("[team]\n", "fail", "not a key"),
    ],
)
def test_the_doctor_judges_the_file_of_teams(tmp_path: Path, text: str, verdict: str, found: str) -> None:
    file = tmp_path / "teams.toml"
    file.write_text(text)
    [told] = [each for each in examine_configuration(Settings(teams=file)) if each.what == "HARMONIA_TEAMS"]
    assert told.verdict == verdict
    assert found in told.found


def test_the_doctor_says_nothing_of_teams_where_no_file_is_set() -> None:
    assert not [each for each in examine_configuration(Settings()) if each.what == "HARMONIA_TEAMS"]
