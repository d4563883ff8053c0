"""Policies in files and on a topic."""

import os
from pathlib import Path
from threading import Barrier, Thread

import pytest
from prometheus_client import CollectorRegistry

from events.regimes import RegimeName
from streams.domain.pressure import default_policy, default_policy_text
from streams.platform.errors import Unusable
from streams.platform.policy_file import LOOK_EVERY_MS, CurrentPolicy, policy_of
from streams.platform.policy_metrics import PolicyMetrics
from streams.platform.published_policies import (
    Overtaken,
    PublishedPolicy,
    Unlisted,
    mark_of,
    name_of,
    publish,
    published,
)

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


def publication(text: str, at: int, by: str = "dina") -> PublishedPolicy:
    return PublishedPolicy(name_of(at, "ab12"), "ab12", by, at, text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text("# first\n")
    file.chmod(0o640)
    written_at(file, 3)
    return file


def written_at(file: Path, ms: int) -> None:
    os.utime(file, ns=(ms * 1_000_000, ms * 1_000_000))


def rows(path: Path) -> list[tuple[str, int, str]]:
    return [(row.by, row.at, row.text) for row in published(path)]


def left_behind(path: Path) -> list[str]:
    return [file.name for folder in (path.parent, path.parent / "policy.toml.published") for file in folder.glob(".*")]


def test_a_text_takes_the_place_of_the_one_it_is_based_on_and_is_kept_with_who_and_when(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    publish(path, "# third\n", mark_of("# second\n"), publication("# third\n", 7, "ada"))
    assert path.read_text() == "# third\n"
    assert rows(path)[:2] == [("ada", 7, "# third\n"), ("dina", 5, "# second\n")]
    assert path.stat().st_mode & 0o777 == 0o640
    assert left_behind(path) == []


def test_a_text_that_was_written_by_hand_is_kept_as_nobodys_as_of_when_it_was_written(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    path.write_text("# by hand\n")
    written_at(path, 7)
    publish(path, "# third\n", mark_of("# by hand\n"), publication("# third\n", 9))
    assert rows(path) == [
        ("dina", 9, "# third\n"),
        ("", 7, "# by hand\n"),
        ("dina", 5, "# second\n"),
        ("", 3, "# first\n"),
    ]


@pytest.mark.parametrize("written", [0, 100])
def test_one_that_was_copied_there_with_another_time_stands_between_the_texts_around_it(
    path: Path, written: int
) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    path.write_text("# by hand\n")
    written_at(path, written)
    publish(path, "# third\n", mark_of("# by hand\n"), publication("# third\n", 9))
    assert [text for _, _, text in rows(path)] == ["# third\n", "# by hand\n", "# second\n", "# first\n"]


def test_what_is_not_published_stands_in_no_list_and_leaves_nothing_behind(path: Path) -> None:
    path.with_name(".policy.toml.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    assert path.read_text() == "# first\n"
    assert "# second\n" not in [text for _, _, text in rows(path)]
    assert left_behind(path) == [".policy.toml.new"]


def test_what_is_published_and_cannot_be_put_on_the_list_is_told_apart_and_kept_the_next_time(path: Path) -> None:
    one = publication("# second\n", 5)
    (path.with_name("policy.toml.published") / f"{one.name}.json" / "in the way").mkdir(parents=True)
    with pytest.raises(Unlisted):
        publish(path, "# second\n", mark_of("# first\n"), one)
    assert path.read_text() == "# second\n"
    assert left_behind(path) == []
    publish(path, "# third\n", mark_of("# second\n"), publication("# third\n", 2**45))
    assert [(by, text) for by, _, text in rows(path)][:2] == [("dina", "# third\n"), ("", "# second\n")]


def test_one_that_is_based_on_an_older_text_changes_nothing_and_is_not_kept(path: Path) -> None:
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    with pytest.raises(Overtaken):
        publish(path, "# other\n", mark_of("# first\n"), publication("# other\n", 6))
    assert path.read_text() == "# second\n"
    assert "# other\n" not in [text for _, _, text in rows(path)]


def test_of_two_that_publish_at_once_one_is_refused(path: Path) -> None:
    outcomes: list[str] = []
    barrier = Barrier(2)

    def one(text: str, at: int) -> None:
        barrier.wait()
        try:
            publish(path, text, mark_of("# first\n"), publication(text, at))
            outcomes.append(text)
        except Overtaken:
            outcomes.append("refused")

    threads = [Thread(target=one, args=(f"# {at}\n", at)) for at in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([path.read_text(), "refused"])


def test_a_record_that_cannot_be_read_is_left_out(path: Path) -> None:
    assert published(path) == []
    publish(path, "# second\n", mark_of("# first\n"), publication("# second\n", 5))
    (path.with_name("policy.toml.published") / "000000000000009-x.json").write_text("{")
    assert [text for _, _, text in rows(path)] == ["# second\n", "# first\n"]
