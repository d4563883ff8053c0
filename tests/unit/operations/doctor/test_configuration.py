"""What the doctor says of the files of policy and teams, and that it is one line of each setting."""

from pathlib import Path

import pytest

from events.regimes import RegimeName
from streams.domain.pressure import default_policy_text
from streams.operations.doctor.configuration import examine_configuration
from streams.operations.doctor.finding import Verdict, fail, gravest_of_each_setting, ok, warn
from streams.platform.settings import Settings


@pytest.mark.parametrize(
    ("regime", "of", "verdict"),
    [
        ("fr", "us", "warn"),
        ("eu", "us", "warn"),
        ("fr", "eu", "warn"),
        ("eu", "fr", "ok"),
        ("eu", "eu", "ok"),
        ("fr", "fr", "ok"),
        ("us", "us", "ok"),
        ("us", "fr", "ok"),
    ],
)
def test_a_policy_file_of_another_country_than_the_regimes_is_told(
    regime: RegimeName, of: RegimeName, verdict: Verdict, tmp_path: Path
) -> None:
    """A volume that was there before the regime was set keeps its file. Under `us` any country may be meant."""
    file = tmp_path / "policy.toml"
    file.write_text(default_policy_text(of))
    settings = Settings(_env_file=None, regime=regime, policy=file)
    [told] = [each for each in examine_configuration(settings) if each.what == "HARMONIA_POLICY"]
    assert told.verdict == verdict
    assert verdict == "ok" or "hours.country" in told.found


def test_a_policy_that_takes_a_refused_source_for_known_is_told(tmp_path: Path) -> None:
    """A file that was copied before `unknown.sources` was there, or a wall of more kinds than it names."""
    file = tmp_path / "policy.toml"
    for kinds, sources in (("staff", default_policy_text("us")), ("rented", default_policy_text("fr"))):
        file.write_text(sources.replace('country = "US"', 'country = "FR"'))
        settings = Settings(_env_file=None, regime="fr", policy=file, refused_sources=kinds)
        [told] = [each for each in examine_configuration(settings) if each.what == "HARMONIA_POLICY"]
        assert (told.verdict, kinds in told.found, "unknown.sources" in told.to_do) == ("warn", True, True)


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


def test_of_one_setting_only_the_gravest_finding_is_told() -> None:
    default = warn("HARMONIA_IDENTITY_KEY", "the public default", "set a secret")
    other = fail("HARMONIA_IDENTITY_KEY", "is another one than the workers'", "set the workers' key")
    disk, clock = ok("disk", "there is room"), ok("clock", "right")

    assert gravest_of_each_setting([default, disk, other, clock]) == [other, disk, clock]
    assert gravest_of_each_setting([other, disk, default, clock]) == [other, disk, clock]


def test_several_findings_that_are_about_no_setting_all_stay() -> None:
    topics = [fail("topics", "one is missing", "make it"), fail("topics", "another is missing", "make it")]

    assert gravest_of_each_setting(topics) == topics
