"""A run of the demo: its directory, its servers, and its workers."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest
from kafka.errors import KafkaTimeoutError
from redis.exceptions import ConnectionError as RedisAway

from events.regimes import REGIMES, RegimeName
from streams.demo.background import begin
from streams.demo.run import DemoBusy, DemoOptions, _alone, _environment_of, _settings_of
from streams.demo.servers import OwnServerSilent, naming_own_servers
from streams.demo.workers import Workers
from streams.domain.pressure import default_policy_text, read_policy
from streams.local.errors import LocalStackError
from streams.local.stack import ExistingServers, Stack
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


# Workers that end by themselves are noticed.
def test_workers_that_have_ended_are_named_with_their_exit_code_and_log(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(70)"])
    process.wait()

    with pytest.raises(LocalStackError, match=r"exit code 70; see .*worker\.log"):
        Workers(process, [], tmp_path / "worker.log").must_run()


def test_kept_workers_hold_the_directory(tmp_path: Path) -> None:
    """The demo that started them has long ended."""
    read, write = os.pipe()
    with _alone(tmp_path) as lock:
        kept = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=read, pass_fds=[lock])
    os.close(read)
    try:
        with pytest.raises(DemoBusy), _alone(tmp_path):
            pass
    finally:
        os.close(write)
        kept.wait()
    with _alone(tmp_path):
        pass


def test_of_a_worker_that_was_started_again_the_last_address_is_known(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    running = subprocess.Popen(["sleep", "60"], start_new_session=True)
    gone = subprocess.Popen(["true"], start_new_session=True)
    gone.wait()
    try:
        lines = [f"worker {pid}: metrics on http://127.0.0.1:{pid}/metrics" for pid in (gone.pid, running.pid)]
        log.write_text("\n".join([*lines, f"worker {running.pid}: working on 8 partitions", ""]))
        assert Workers(running, [], log).addresses_now() == [f"http://127.0.0.1:{running.pid}/metrics"]
    finally:
        running.kill()
        running.wait()


# Failures of servers name those that the demo has tried, and no others.
OWN_STACK = Stack("127.0.0.1:41007", "redis://127.0.0.1:41008/0", ())


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (KafkaTimeoutError("late"), "Kafka, which the demo started at 127.0.0.1:41007"),
        (RedisAway("away"), "Redis, which the demo started at 127.0.0.1:41008"),
    ],
)
def test_a_server_of_the_demos_own_that_fails_is_named_by_its_address_and_log(
    failure: Exception, named: str, tmp_path: Path
) -> None:
    with pytest.raises(OwnServerSilent) as refused, naming_own_servers(OWN_STACK, ExistingServers(), tmp_path):
        raise failure
    told = str(refused.value)
    assert told.startswith(named)
    assert str(tmp_path) in told
    assert "9092" not in told
    assert "KAFKA_BOOTSTRAP" not in told


def test_a_server_that_settings_name_fails_as_it_does_everywhere(tmp_path: Path) -> None:
    given = ExistingServers(OWN_STACK.kafka_bootstrap, OWN_STACK.redis_url)
    with pytest.raises(KafkaTimeoutError), naming_own_servers(OWN_STACK, given, tmp_path):
        raise KafkaTimeoutError("late")


def test_work_is_given_up_where_the_block_around_it_ends() -> None:
    """A thread that is at work while the interpreter ends aborts the process: Ctrl-C ended the demo with SIGABRT."""
    at_work, given_up = Event(), Event()

    def endless() -> None:
        try:
            while True:
                at_work.set()
        finally:
            given_up.set()

    with ExitStack() as using:
        future = begin(endless, using)
        assert at_work.wait(60)
    assert given_up.is_set()
    assert isinstance(future.exception(0), SystemExit)
