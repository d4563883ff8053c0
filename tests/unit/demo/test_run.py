"""A demo counts everything in its directory, so it has that to itself."""

from pathlib import Path

import pytest

from events.regimes import REGIMES, RegimeName
from streams.demo.run import DemoBusy, _alone, _environment_of, _settings_of
from streams.local.stack import Stack
from streams.platform.settings import Settings


def test_a_second_demo_in_one_directory_is_refused(tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(DemoBusy, match="HARMONIA_HOME"), _alone(tmp_path):
        pass


def test_a_second_demo_may_follow_when_the_first_has_ended(tmp_path: Path) -> None:
    with _alone(tmp_path):
        pass
    with _alone(tmp_path):
        pass


@pytest.mark.parametrize("around", ["us", "fr", "eu"])
@pytest.mark.parametrize("told", ["us", "fr"])
def test_a_story_is_told_under_its_own_regime_whatever_the_deployment_is_set_to(
    told: RegimeName, around: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers read what is set around the demo too."""
    monkeypatch.setenv("HARMONIA_REGIME", around)
    own = {"regime": told, **REGIMES[told].settings}
    for name, value in _environment_of(told).items():
        monkeypatch.setenv(name, value)
    for found in (
        _settings_of(Settings(_env_file=None), Stack("127.0.0.1:9092", "redis://127.0.0.1", ()), tmp_path, told),
        Settings(_env_file=None),
    ):
        assert {name: getattr(found, name) for name in own} == own
