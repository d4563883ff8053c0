"""What the doctor says of a policy file that is that of another regime."""

from pathlib import Path

import pytest

from events.regimes import RegimeName
from streams.domain.pressure import default_policy_text
from streams.operations.doctor.configuration import examine_configuration
from streams.operations.doctor.finding import Verdict
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
