"""What a worker says while no broker answers, and what it costs to begin and to work."""

import contextlib
import json
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.errors import CoordinatorNotAvailableError, KafkaConnectionError, KafkaError
from redis.exceptions import ConnectionError as RedisAway

from benchmarks.core.suite import work_of_contacts, work_of_pipeline
from streams.cli.importing import _VENDORS
from streams.history.importing.file_items import VENDORS
from streams.platform.errors import MissingTopic, Unusable
from streams.platform.settings import Settings
from streams.worker import preflight
from streams.worker.preflight import wait_until_ready
from streams.worker.runner import is_cut_off
from streams.worker.state_dir import child_of, own_for_workers, own_state_dir, remove_old_stores
from tests.unit.engine.test_abandoned_stores import let_time_pass, make, there

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1,127.0.0.1:2", start_wait_s=60)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that only passes in pauses."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds + 2))
    for check in ("require_topics", "require_key_of_other_workers"):
        monkeypatch.setattr(preflight, check, lambda _: None)


@pytest.fixture
def said() -> list[str]:
    return []


def answering(monkeypatch: pytest.MonkeyPatch, *answers: KafkaError | None) -> None:
    """The broker answers so, one attempt after the other, the last for ever."""
    left = list(answers)

    def ask(_: Settings, __: str) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is not None:
            raise answer

    monkeypatch.setattr(preflight, "_ask_for_coordinator", ask)


def test_where_kafka_answers_nothing_is_said(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    answering(monkeypatch, None)
    wait_until_ready(SETTINGS, said.append)
    assert said == []


def test_what_is_waited_for_is_said_soon_and_now_and_then(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    away = [KafkaConnectionError()] * 3 + [CoordinatorNotAvailableError()] * 4
    answering(monkeypatch, *away, None)
    wait_until_ready(SETTINGS, said.append)
    where = "waiting for Kafka at 127.0.0.1:1,127.0.0.1:2"
    assert said == [f"{where}, 2 of 60 s: KafkaConnectionError", f"{where}, 12 of 60 s: CoordinatorNotAvailableError"]


def test_waiting_for_kafka_ends_after_the_time_of_the_setting(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    answering(monkeypatch, KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        wait_until_ready(SETTINGS, said.append)
    assert [line.split()[5] for line in said] == ["2", "12", "22", "32", "42", "52"]


@pytest.mark.parametrize(
    ("check", "error", "starts"),
    [
        ("require_topics", MissingTopic("there is no topic interactions"), False),
        ("require_key_of_other_workers", Unusable("HARMONIA_IDENTITY_KEY is another one"), False),
        ("require_key_of_other_workers", RedisAway(), True),
    ],
)
def test_a_worker_starts_without_redis_but_not_without_topics_or_with_another_key(
    monkeypatch: pytest.MonkeyPatch, check: str, error: Exception, starts: bool
) -> None:
    asked: list[Settings] = []

    def fails(settings: Settings) -> None:
        asked.append(settings)
        raise error

    answering(monkeypatch, None)
    monkeypatch.setattr(preflight, check, fails)
    with contextlib.nullcontext() if starts else pytest.raises(type(error)):
        wait_until_ready(SETTINGS, lambda _: None)
    assert asked == [SETTINGS]


# Whether a worker that was told to stop finds any broker: all of them are tried, whatever their addresses are.
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def listening() -> Iterator[str]:
    """A broker, as far as it takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_one_broker_of_many_is_enough(listening: str) -> None:
    assert not is_cut_off([NOWHERE, listening])
    assert not is_cut_off([listening, NOWHERE])


def test_where_none_takes_a_connection_it_is_cut_off() -> None:
    assert is_cut_off([NOWHERE, NOWHERE])
    assert is_cut_off([])


@pytest.mark.parametrize("broker", ["host:port", "[::1", "127.0.0.1:99999", ""])
def test_what_is_no_address_is_no_broker_and_no_fault(broker: str, listening: str) -> None:
    assert is_cut_off([broker])
    assert not is_cut_off([broker, listening])


HEAVY = (
    "aiohttp", "aiokafka", "asyncio", "cryptography", "duckdb", "events.interactions", "fastapi", "faust", "jinja2",
    "kafka", "numpy", "obstore", "phonenumbers", "prometheus_client", "pyarrow", "pydantic_settings", "redis",
    "rocksdict", "scipy", "streams.platform.settings", "uvicorn",
)  # fmt: skip
"""What a command may need to work, and nobody to read how it is called. Typer itself stands on pydantic."""
MOST_MODULES = 550

ASK_FOR_ALL_HELP = """
import contextlib, io, json, sys
from streams.cli.main import app
from typer.main import get_command

def ways(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from ways(inner, (*words, name))

root, heavy, found = get_command(app), set(sys.argv[1:]), {}
for words in ways(root, ()):
    before = heavy & set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()) as told:
        root.main([*words, "--help"], prog_name="harmonia", standalone_mode=False)
    assert "Usage: " + " ".join(("harmonia", *words)) in " ".join(told.getvalue().split()), told.getvalue()
    found[" ".join(words)] = sorted((heavy & set(sys.modules)) - before if words else heavy & set(sys.modules))
print(json.dumps({"imported": found, "modules": len(sys.modules)}))
"""


def test_the_help_of_all_commands_imports_no_heavy_library_and_few_modules() -> None:
    done = subprocess.run([sys.executable, "-c", ASK_FOR_ALL_HELP, *HEAVY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert {words: modules for words, modules in told["imported"].items() if modules} == {}
    assert {"", "permit", "contact show", "experiments show", "lake import"} <= told["imported"].keys()
    assert told["modules"] < MOST_MODULES


def test_the_help_of_import_names_every_vendor() -> None:
    assert _VENDORS == VENDORS


# The agents' own work on a record stays small, and does not grow with the known facts of a contact. Bytecodes of
# Python are counted: every machine carries out the same number. CPU is measured by `make bench`.
CONTACTS, FEW, MANY = 300, 3, 40
MOST_WORK = {"intake": 940, "contacts": 3_050, "sink": 155}
"""Bytecodes a record. Measured: 881, 2,875, 143."""
MOST_WORK_GROWTH = 1.35
"""Measured: 1.22 to 1.25."""


def test_each_agent_carries_out_no_more_bytecodes_a_record_than_before() -> None:
    work = work_of_pipeline(CONTACTS, seed=7)
    assert {part: round(count) for part, count in work.items() if count > MOST_WORK[part]} == {}


def test_a_record_of_a_contact_with_forty_facts_costs_little_more_than_with_three() -> None:
    few, many = work_of_contacts(CONTACTS, (FEW, MANY), seed=7)
    assert many / few < MOST_WORK_GROWTH, f"{many:.0f} bytecodes with 40 facts, {few:.0f} with 3"


def old_store(directory: Path) -> None:
    make(directory, ("contacts", 0))
    let_time_pass(directory / "contacts/0")


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    with own_state_dir(tmp_path / "new"), pytest.raises(Unusable, match="HARMONIA_STATE_DIR is another worker's"):
        own_state_dir(tmp_path / "new")
    own_state_dir(tmp_path / "new").close()


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unusable, match="HARMONIA_STATE_DIR cannot be used"):
        own_state_dir(tmp_path / "file")


@pytest.mark.parametrize("before", [None, 0o755, 0o777, 0o700])
def test_other_users_may_not_look_into_a_state_directory(tmp_path: Path, before: int | None) -> None:
    state = tmp_path / "state"
    if before is not None:
        state.mkdir()
        state.chmod(before)

    own_state_dir(state).close()
    own_state_dir(child_of(state, 0)).close()

    assert [stat.S_IMODE(there.stat().st_mode) for there in (state, child_of(state, 0))] == [0o700, 0o700]


def test_a_volume_that_a_group_shares_stays_the_groups(tmp_path: Path) -> None:
    """So Kubernetes hands it out, and makes all of it anew when it does not find it so."""
    tmp_path.chmod(0o2775)

    own_state_dir(tmp_path).close()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o2770


def test_a_directory_of_another_user_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    own_state_dir(tmp_path).close()


def test_who_starts_workers_has_their_directories_too(tmp_path: Path) -> None:
    with own_state_dir(child_of(tmp_path, 1)), pytest.raises(Unusable, match="HARMONIA_STATE_DIR is another worker's"):
        own_for_workers(tmp_path)
    with own_for_workers(tmp_path), pytest.raises(Unusable):
        own_for_workers(tmp_path)
    with own_for_workers(tmp_path), pytest.raises(Unusable):
        own_state_dir(tmp_path)
    with own_for_workers(tmp_path), own_state_dir(child_of(tmp_path, 0)):
        pass


def test_an_owner_tidies_its_own_directory_and_those_of_several_workers_that_were_there_before(tmp_path: Path) -> None:
    directories = [tmp_path, child_of(tmp_path, 0), child_of(tmp_path, 1)]
    for directory in directories:
        old_store(directory)

    with own_state_dir(tmp_path):
        remove_old_stores(tmp_path)

    assert [there(directory) for directory in directories] == [{"worker-0/contacts", "worker-1/contacts"}, set(), set()]


def test_who_starts_workers_tidies_where_none_of_them_is(tmp_path: Path) -> None:
    """They were more, or one alone, once."""
    mine, gone = child_of(tmp_path, 0), child_of(tmp_path, 3)
    for directory in (tmp_path, mine, gone):
        old_store(directory)

    with own_for_workers(tmp_path), own_state_dir(mine):
        remove_old_stores(tmp_path)

    assert (there(mine), there(gone)) == ({"contacts/0"}, set())
    assert not (tmp_path / "contacts/0").exists()
