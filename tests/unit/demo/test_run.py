"""A demo counts everything in its directory, so it has that to itself."""

from pathlib import Path

import pytest

from events.regimes import REGIMES, RegimeName
from streams.demo.run import DemoBusy, DemoOptions, _alone, _environment_of, _settings_of
from streams.domain.pressure import default_policy_text, read_policy
from streams.local.stack import Stack
from streams.platform.settings import Settings

STACK = Stack("127.0.0.1:9092", "redis://127.0.0.1", ())


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
    found = _settings_of(Settings(_env_file=None), STACK, tmp_path, DemoOptions(regime=told))
    for name, value in _environment_of(DemoOptions(regime=told), found).items():
        monkeypatch.setenv(name, value)
    for each in (found, Settings(_env_file=None)):
        assert {name: getattr(each, name) for name in own} == own


def test_the_demos_console_publishes_policies_in_a_copy_and_never_in_the_file_of_whoever_runs_it(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(default_policy_text())
    found = _settings_of(Settings(_env_file=None, policy=own), STACK, tmp_path, DemoOptions(visit=lambda *_: None))
    assert found.policy not in (None, own)
    assert found.policy is not None
    assert read_policy(found.policy.read_text()) == read_policy(default_policy_text())
    assert _environment_of(DemoOptions(visit=lambda *_: None), found)["HARMONIA_POLICY"] == str(found.policy)
    assert _settings_of(Settings(_env_file=None, policy=own), STACK, tmp_path, DemoOptions()).policy == own
