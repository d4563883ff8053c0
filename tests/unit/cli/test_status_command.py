"""What `harmonia status` says of the file of teams, beside what it has seen."""

from pathlib import Path

import pytest

from streams.cli.status import teams_file_problem
from streams.platform.settings import Settings


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('time_zone = "UTC"\n', "HARMONIA_TEAMS: the file names no team, so no team's silence is told"),
        ("[team]\n", "HARMONIA_TEAMS: "),
        ('[teams.digital]\nhours = ["mon-fri 09:00-21:00"]\n', None),
    ],
)
def test_a_file_of_teams_that_names_none_is_a_problem(tmp_path: Path, text: str, problem: str | None) -> None:
    file = tmp_path / "teams.toml"
    file.write_text(text)
    found = teams_file_problem(Settings(teams=file))
    assert found is None if problem is None else (found or "").startswith(problem)


def test_without_a_file_of_teams_there_is_no_problem() -> None:
    assert teams_file_problem(Settings()) is None
