from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.platform.errors import Unusable
from streams.worker.measuring.teams import NO_SCHEDULE, read_schedule, schedule_of

NEW_YORK = ZoneInfo("America/New_York")
SCHEDULE = schedule_of(
    {
        "time_zone": "America/New_York",
        "teams": {"digital": {"hours": ["mon-fri 09:00-17:00", "sat-sun 20:00-24:00"]}, "field": {"hours": []}},
    }
)


@pytest.mark.parametrize(
    ("at", "is_expected"),
    [
        ((2026, 10, 26, 8, 59), False),
        ((2026, 10, 26, 9, 30), False),  # within the hour of grace
        ((2026, 10, 26, 10, 0), True),
        ((2026, 10, 26, 16, 59), True),
        ((2026, 10, 26, 17, 0), False),
        ((2026, 10, 31, 12, 0), False),  # a Saturday
        ((2026, 10, 31, 23, 59), True),
        ((2026, 7, 1, 9, 59), False),  # summer
        ((2026, 7, 1, 10, 0), True),
        ((2026, 12, 1, 9, 59), False),  # winter
        ((2026, 12, 1, 10, 0), True),
    ],
)
def test_a_team_is_expected_in_its_hours_of_the_place_an_hour_after_they_began(
    at: tuple[int, ...], is_expected: bool
) -> None:
    local = datetime(*at, tzinfo=NEW_YORK)  # type: ignore[arg-type, misc]
    assert SCHEDULE.expected(int(local.timestamp() * 1000))["digital"] is is_expected


def test_a_team_without_hours_is_never_expected() -> None:
    assert not SCHEDULE.expected(0)["field"]


def test_days_may_go_over_the_end_of_the_week() -> None:
    weekend = schedule_of({"teams": {"a": {"hours": ["sat-mon 00:00-24:00"]}}}).hours["a"][0]

    assert weekend.days == {5, 6, 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zone = 1", "zone: not a key"),
        ("time_zone = 'Mars'", "time_zone: must be a name"),
        ("teams = 1", "teams: must be tables"),
        ("[teams.'ada@example.org']\nhours = []", "teams: a name is a letter"),
        ("[teams.a]\nfrom = 9", "teams.a: must be hours"),
        ("[teams.a]\nhours = [9]", "teams.a.hours: must be days and hours"),
        ("[teams.a]\nhours = ['mun 09:00-10:00']", "teams.a.hours: must be days and hours"),
        ("[teams.a]\nhours = ['mon 22:00-02:00']", "teams.a.hours: must end after it begins"),
        ("[teams.a]\nhours = ['mon 22:00-24:30']", "teams.a.hours: must end after it begins"),
        ("[", "HARMONIA_TEAMS: "),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_cure(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "teams.toml").write_text(text)

    with pytest.raises(Unusable, match=r"^HARMONIA_TEAMS: ") as refused:
        read_schedule(tmp_path / "teams.toml")
    assert said in str(refused.value)


def test_without_a_file_nobody_is_expected_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="HARMONIA_TEAMS: it cannot be read"):
        read_schedule(tmp_path / "none.toml")
    assert read_schedule(None) is NO_SCHEDULE
    assert NO_SCHEDULE.expected(0) == {}
