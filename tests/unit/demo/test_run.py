"""A run of the demo."""

import csv
import os
import subprocess
import sys
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from threading import Event

import pytest
from kafka.errors import KafkaTimeoutError
from redis.exceptions import ConnectionError as RedisAway

from events.regimes import REGIMES, RegimeName
from streams.demo.background import begin
from streams.demo.check import ABSENT, Difference, Letter, compare_letters, compare_profiles
from streams.demo.list_to_try import MOST, list_to_try
from streams.demo.oracle import recount
from streams.demo.recount import Profile
from streams.demo.run import DemoBusy, DemoOptions, _alone, _environment_of, _settings_of
from streams.demo.script import write_script
from streams.demo.servers import OwnServerSilent, naming_own_servers
from streams.demo.truth import Sent
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


BESIDE = Stack("127.0.0.1:41007", "redis://127.0.0.1:41008/0", ())


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
    with pytest.raises(OwnServerSilent) as refused, naming_own_servers(BESIDE, ExistingServers(), tmp_path):
        raise failure
    told = str(refused.value)
    assert told.startswith(named)
    assert str(tmp_path) in told
    assert "9092" not in told
    assert "KAFKA_BOOTSTRAP" not in told


def test_a_server_that_settings_name_fails_as_it_does_everywhere(tmp_path: Path) -> None:
    given = ExistingServers(BESIDE.kafka_bootstrap, BESIDE.redis_url)
    with pytest.raises(KafkaTimeoutError), naming_own_servers(BESIDE, given, tmp_path):
        raise KafkaTimeoutError("late")


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


def test_the_list_names_people_whom_the_demo_has_written_to_each_once_and_not_too_many() -> None:
    sent = write_script(3, 0.1).accepted()
    head, *rows = csv.reader(list_to_try(sent).splitlines())
    assert head == ["voter_id", "external.fec", "email", "region"]
    written_to = {one.contact.get("email", "").strip() for one in sent if one.type == "email.sent"}
    assert {row[2] for row in rows} <= written_to - {""}
    assert 100 < len(rows) == len({tuple(row[:2]) for row in rows}) <= MOST


def test_a_script_without_mails_makes_a_list_without_rows() -> None:
    assert list_to_try([]) == "voter_id,external.fec,email,region\n"


GIFT = Sent(
    "donation-events",
    "donation.made",
    "fec/2012",
    "1",
    "2012-02-22T00:00:00Z",
    {"external": {"fec": "ann"}, "region": "US-CA"},
    {"donation_id": "fec:1", "amount": 5_000, "currency": "USD", "committee": "C1", "pledge_id": "p"},
)


@pytest.fixture
def truth() -> dict[str, Profile]:
    return recount([GIFT], lambda contact: contact["external"]["fec"])


def planted(truth: dict[str, Profile], path: tuple[str | int, ...], value: object) -> dict[str, Profile]:
    found = deepcopy(truth)
    place: object = found["ann"]
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return found


def test_equal_profiles_show_no_difference_whatever_their_version(truth: dict[str, Profile]) -> None:
    assert compare_profiles(truth, planted(truth, ("version",), 7), "redis") == []


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (("donations", "net", "USD"), 4_999, "donations.net.USD", 5_000),
        (("donations", "count"), None, "donations.count", 1),
        (("donations", "count"), True, "donations.count", 1),
        (("donations", "pledges", 0, "status"), "failing", "donations.pledges[0].status", "active"),
        (("donations", "pledges"), [], "donations.pledges", None),
        (("counts", "email.sent"), 1, "counts.email.sent", ABSENT),
        (("tags",), ["x"], "tags", []),
        (("email", "subscribed"), False, "email.subscribed", True),
        (("zones", "region"), None, "zones.region", "US-CA"),
        (("last_seen",), "2012-02-22T00:00:00Z", "last_seen", "2012-02-22T00:00:00.000Z"),
        (("surprise",), 1, "surprise", ABSENT),
    ],
)
def test_a_planted_difference_names_the_contact_and_the_field(
    truth: dict[str, Profile], path: tuple[str | int, ...], value: object, field: str, expected: object
) -> None:
    (difference,) = compare_profiles(truth, planted(truth, path, value), "redis")
    assert (difference.where, difference.contact_id, difference.field) == ("redis", "ann", field)
    assert difference.found == value
    if expected is not None:
        assert difference.expected == expected
    assert "ann" in str(difference)
    assert field in str(difference)


def test_a_missing_field_of_a_profile_is_a_difference(truth: dict[str, Profile]) -> None:
    found = deepcopy(truth)
    del found["ann"]["merged_from"]
    assert compare_profiles(truth, found, "redis") == [Difference("redis", "ann", "merged_from", [], ABSENT)]


def test_a_missing_and_a_needless_contact_are_differences(truth: dict[str, Profile]) -> None:
    found = {"bob": truth["ann"]}
    assert [(one.contact_id, one.field) for one in compare_profiles(truth, found, "contact-state")] == [
        ("ann", "profile"),
        ("bob", "profile"),
    ]
    assert str(compare_profiles(truth, {}, "redis")[0]) == "redis, ann: profile is absent, expected present"


LETTERS = [
    Letter("not_json", "email-events", 0, 10, b"{"),
    Letter("not_json", "email-events", 1, 10, b"{"),
    Letter("no_time", "email-events", 0, 11, b"{}"),
]
EXPECTED = [("not_json", b"{"), ("no_time", b"{}"), ("not_json", b"{")]


def test_equal_dead_letters_show_no_difference_even_when_one_was_written_twice() -> None:
    assert compare_letters(EXPECTED, [*LETTERS, LETTERS[0]]) == []


def test_a_dead_letter_with_another_reason_is_a_difference_for_both_reasons() -> None:
    changed = [*LETTERS[:2], LETTERS[2]._replace(reason="invalid_data")]
    assert [one.field for one in compare_letters(EXPECTED, changed)] == ["invalid_data", "no_time"]


def test_changed_bytes_of_a_dead_letter_are_a_difference_that_does_not_show_them() -> None:
    (difference,) = compare_letters(EXPECTED, [*LETTERS[:2], LETTERS[2]._replace(value=b"secret")])
    assert difference.field.startswith("no_time")
    assert "secret" not in str(difference)
