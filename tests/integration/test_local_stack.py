import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from redis import Redis

from streams.local.errors import LocalStackError, PortLost
from streams.local.redis import find_redis
from streams.local.server import launch, running_server
from streams.local.stack import ExistingServers, Stack, local_stack, start, stop
from tests.integration.waiting import PATIENCE_S, until

ONLY_WITHIN_A_BLOCK = """
import signal, sys
from pathlib import Path
from streams.local.server import running_server
from streams.local.stack import ExistingServers, local_stack
with local_stack(Path(sys.argv[1]), ExistingServers(kafka_bootstrap=sys.argv[2])):
    print(running_server(Path(sys.argv[1]) / "redis").pid, flush=True)
    signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    stop(home)


def harmonia_local(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("KAFKA_BOOTSTRAP", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-c", "from streams.cli.local import app; app()", *words],
        cwd=home.parent,
        env={**environment, "HARMONIA_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def address(up: subprocess.CompletedProcess[str]) -> str:
    return up.stdout.splitlines()[0].partition("=")[2]


def topics(stack: Stack) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    try:
        return list(admin.list_topics())
    finally:
        admin.close()


def make_topic(stack: Stack, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    try:
        admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        admin.close()


def redis(stack: Stack) -> Redis:
    return Redis.from_url(stack.redis_url)


def mode_of(path: Path) -> int | None:
    """The mode of `path`; None where a running server has removed it meanwhile, as Kafka does with its `.tmp` files."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode
    return None


def alive(pids: tuple[int, ...] | list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def test_up_prints_how_to_reach_the_stack_and_nothing_else(home: Path) -> None:
    first = harmonia_local(home, "up")
    mode_of_home = home.stat().st_mode
    (home.parent / ".env").write_text("HARMONIA_IDENTITY_KEY=kept-secret\nKAFKA_BOOTSTRAP=" + address(first))
    again = harmonia_local(home, "up", "--write-env")
    written = (home.parent / ".env").read_text()
    pids = [server.pid for name in ("kafka", "redis") if (server := running_server(home / name))]
    down = harmonia_local(home, "down")

    names = [line.partition("=")[0] for line in first.stdout.splitlines()]
    assert (first.returncode, names) == (0, ["KAFKA_BOOTSTRAP", "REDIS_URL"])
    assert mode_of_home & 0o077 == 0
    assert again.stdout == first.stdout
    assert written == f"HARMONIA_IDENTITY_KEY=kept-secret\n{first.stdout}"
    assert "kept as it was: HARMONIA_IDENTITY_KEY" in again.stderr
    assert "kept-secret" not in again.stderr
    assert len(pids) == 2
    assert (down.returncode, down.stdout) == (0, "")
    assert alive(pids) == []


def test_down_without_a_stack_is_no_error(home: Path) -> None:
    assert harmonia_local(home, "down").returncode == 0
    assert not home.exists()


def test_two_starts_at_once_make_one_stack_that_is_private_and_outlives_another_and_a_block(
    home: Path, tmp_path: Path
) -> None:
    """Also in folders that an older version has made, while its servers run, and whatever the umask."""
    for folder in ("kafka", "redis"):
        (home / folder).mkdir(parents=True, mode=0o755)
    with ThreadPoolExecutor(2) as pool:
        one, same = pool.map(start, [home, home])
    assert one == same
    make_topic(one, "only-here")
    redis(one).set("only", "here")
    redis(one).save()
    paths = [home / "kafka", home / "redis", *(home / "kafka" / "data").rglob("*"), home / "redis" / "dump.rdb"]
    modes = {path: mode for path in paths if (mode := mode_of(path)) is not None}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert {".log", ".rdb"} <= {path.suffix for path in modes}
    (home / "kafka").chmod(0o755)
    with local_stack(home) as within:
        assert within == one
    assert (home / "kafka").stat().st_mode & 0o077 == 0
    with local_stack(tmp_path / "other") as other:
        assert set(one.pids).isdisjoint(other.pids)
        assert topics(other) == []
        assert redis(other).get("only") is None
    assert alive(other.pids) == []
    assert alive(one.pids) == list(one.pids)


def test_data_and_addresses_outlive_a_stop_and_a_kill_but_neither_a_stolen_port_nor_a_wipe(home: Path) -> None:
    """A record of a dead server, or of another program, is not believed."""
    before = start(home)
    make_topic(before, "kept")
    redis(before).set("kept", "yes")
    stop(home)
    after = start(home, ExistingServers(before.kafka_bootstrap, before.redis_url))
    assert (after.environment, len(after.pids)) == (before.environment, 2)
    assert topics(after) == ["kept"]
    assert redis(after).get("kept") == b"yes"

    for pid in after.pids:
        psutil.Process(pid).kill()
    until(lambda: not alive(after.pids), "their end")
    for name in ("kafka", "redis"):
        record = home / name / "server.json"
        record.write_text(json.dumps({**json.loads(record.read_bytes()), "pid": os.getpid()}))
    assert stop(home) == []
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        until(lambda: binds(thief, before.kafka_bootstrap), "the port, which a connection of anybody may have taken")
        thief.listen()
        last = start(home)
    assert set(last.pids).isdisjoint({*after.pids, os.getpid()})
    assert alive(last.pids) == list(last.pids)
    assert last.kafka_bootstrap != before.kafka_bootstrap
    assert last.redis_url == before.redis_url

    stop(home, wipe=True)
    assert not (home / "kafka").exists()
    assert not (home / "redis").exists()


def binds(thief: socket.socket, address: str) -> bool:
    with suppress(OSError):
        thief.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        return True
    return False


def test_a_record_that_cannot_be_read_is_not_believed(home: Path) -> None:
    (home / "redis").mkdir(parents=True)
    (home / "redis" / "server.json").write_text('{"pid": 1')
    assert running_server(home / "redis") is None


def test_servers_that_the_caller_has_are_neither_started_nor_stopped(stack: Stack, home: Path) -> None:
    """A folder of an older version becomes private all the same."""
    (home / "kafka").mkdir(parents=True)
    (home / "kafka").chmod(0o755)
    with local_stack(home, ExistingServers(stack.kafka_bootstrap, stack.redis_url)) as given:
        assert given == Stack(stack.kafka_bootstrap, stack.redis_url, ())
    assert (home / "kafka").stat().st_mode & 0o077 == 0
    assert not (home / "redis").exists()
    assert redis(stack).ping()


def test_a_given_server_that_does_not_answer_is_an_error_that_names_the_variable(home: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(LocalStackError, match=rf"KAFKA_BOOTSTRAP is set to {address}"):
            start(home, ExistingServers(kafka_bootstrap=address))
    assert running_server(home / "redis") is None


def test_an_error_does_not_tell_the_password_of_a_given_server(home: Path) -> None:
    with pytest.raises(LocalStackError, match=r"REDIS_URL is set to 127\.0\.0\.1:9, where") as error:
        start(home, ExistingServers(redis_url="redis://ada:hunter2@127.0.0.1:9/0"))
    assert "hunter2" not in str(error.value)


def test_a_server_that_finds_its_port_taken_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", 0))
        thief.listen()
        port = thief.getsockname()[1]
        with pytest.raises(PortLost):
            launch(tmp_path, [find_redis(), "--bind", "127.0.0.1", "--port", str(port)], (port,), b"PING\r\n")
    with pytest.raises(LocalStackError, match=r"(?s)exit code 1.*no-such-option"):
        launch(tmp_path, [find_redis(), "--no-such-option", "1"], (port,), b"PING\r\n")


def test_a_block_that_fails_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), local_stack(home) as stack:
        1 / 0  # noqa: B018
    assert alive(stack.pids) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_program_stops_the_servers_of_its_block(
    stack: Stack, home: Path, number: signal.Signals
) -> None:
    """The server is a Redis, since a Kafka is given. A signal just before `pause` would leave the program waiting."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ONLY_WITHIN_A_BLOCK, str(home), stack.kafka_bootstrap]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        pid = int(program.stdout.readline())
        assert alive([pid]) == [pid]
        until(lambda: psutil.Process(program.pid).status() == psutil.STATUS_SLEEPING, "the program waits")
        program.send_signal(number)
        assert program.wait(PATIENCE_S) != 0
    assert alive([pid]) == []
