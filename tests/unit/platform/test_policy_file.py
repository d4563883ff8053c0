"""A policy that is changed holds a second later; a broken one never."""

import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from events.regimes import RegimeName
from streams.domain.pressure import default_policy, default_policy_text
from streams.platform.errors import Unusable
from streams.platform.policy_file import LOOK_EVERY_MS, CurrentPolicy, policy_of
from streams.platform.policy_metrics import PolicyMetrics

STRICTER = default_policy_text().replace('email = "4h"', 'email = "8h"')


def began(file: Path, text: str, regime: RegimeName, log: pytest.LogCaptureFixture) -> list[str]:
    """What the start of a process says about a policy."""
    file.write_text(text)
    log.clear()
    CurrentPolicy(file, regime, lambda: 0, lambda outcome: None, lambda version, at: None)
    return [record.getMessage() for record in log.records]


def test_a_process_says_when_it_begins_that_its_policy_is_of_another_country_than_its_regime(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a regime that is set beside the file of before runs by the rules of before, without a word."""
    file = tmp_path / "policy.toml"
    for regime in ("fr", "eu"):
        (said,) = began(file, default_policy_text(), regime, caplog)
        assert said.startswith(f"HARMONIA_POLICY: hours.country is US, and HARMONIA_REGIME={regime}")
        assert "harmonia policy show --default" in said
    french = default_policy_text("fr")
    for country, regime in (("FR", "fr"), ("RE", "fr"), ("PF", "fr"), ("FR", "eu"), ("MQ", "eu"), ("EU", "eu")):
        at_home = french.replace('country = "FR"', f'country = "{country}"')
        assert began(file, at_home, regime, caplog) == []  # type: ignore[arg-type]
    assert began(file, french, "us", caplog) == []


class Watched:
    """A file, a clock, and what was told."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now = 0
        self.told: list[str] = []
        self.held: list[tuple[str, int]] = []
        self.writes = 0
        self.write(default_policy_text())
        self.policies = CurrentPolicy(
            file, "us", lambda: self.now, self.told.append, lambda version, at: self.held.append((version, at))
        )

    def write(self, text: str) -> None:
        self.file.write_text(text)
        self.writes += 1
        os.utime(self.file, ns=(0, self.writes))

    def later(self) -> str:
        """The version that holds after a look."""
        self.now += LOOK_EVERY_MS
        return self.policies.now().version


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "policy.toml")


def test_without_a_policy_file_the_default_policy_is_used() -> None:
    assert policy_of(None, "us") is default_policy()
    assert policy_of(None, "fr") is default_policy("fr")


def test_a_changed_policy_is_taken_at_the_next_look_and_not_before(watched: Watched) -> None:
    before = watched.policies.now().version
    watched.write(STRICTER)
    assert watched.policies.now().version == before
    assert watched.later() != before
    assert watched.told == ["taken"]
    assert watched.held == [(before, 0), (watched.policies.now().version, LOOK_EVERY_MS)]
    assert watched.policies.now().gaps.email == 8 * 3_600_000


@pytest.mark.parametrize("text", ["", "not TOML", default_policy_text().replace('email = "4h"', "")])
def test_a_broken_policy_is_told_once_and_changes_nothing(watched: Watched, text: str) -> None:
    before = watched.later()
    watched.write(text)
    assert [watched.later(), watched.later()] == [before, before]
    assert watched.told == ["broken"]
    assert watched.held == [(before, 0)]
    watched.write(STRICTER)
    assert watched.later() != before


def test_a_policy_file_that_goes_away_takes_no_limit_with_it(watched: Watched) -> None:
    before = watched.later()
    watched.file.unlink()
    assert watched.later() == before
    assert watched.told == ["broken"]


def test_no_process_begins_on_a_broken_policy(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="HARMONIA_POLICY: it cannot be read"):
        policy_of(tmp_path / "nowhere", "us")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff")
    with pytest.raises(Unusable, match="HARMONIA_POLICY: it is not UTF-8"):
        policy_of(broken, "us")


def test_only_the_policy_version_that_holds_is_in_the_gauge() -> None:
    registry = CollectorRegistry()
    metrics = PolicyMetrics(registry)
    metrics.holds("a", 1_000)
    metrics.holds("b", 2_500)
    assert registry.get_sample_value("harmonia_policy_since_seconds", {"version": "b"}) == 2.5
    assert registry.get_sample_value("harmonia_policy_since_seconds", {"version": "a"}) is None


def test_a_change_of_a_mounted_config_map_is_taken(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a folder; the file's own name leads through it, and its time may stay the same."""

    def mount(version: str, text: str) -> None:
        (tmp_path / version).mkdir()
        file = tmp_path / version / "policy.toml"
        file.write_text(text)
        os.utime(file, ns=(0, 0))
        (tmp_path / "..data_tmp").symlink_to(version)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    now, told = [0], list[str]()
    mount("..2026_11_01", default_policy_text())
    (tmp_path / "policy.toml").symlink_to("..data/policy.toml")
    policies = CurrentPolicy(tmp_path / "policy.toml", "us", lambda: now[0], told.append, lambda *_: None)
    before = policies.now().version

    mount("..2026_11_02", STRICTER)
    now[0] += LOOK_EVERY_MS

    assert policies.now().version != before
    assert told == ["taken"]
