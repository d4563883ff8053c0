"""`harmonia status` beside the processes that are no workers: each runs, is away or behind, or is not set up."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.local.postgres import PostgresServer, running_postgres
from streams.local.stack import Stack
from streams.platform.processes import ProcessName
from streams.platform.settings import Settings
from streams.services.processes import observing
from streams.services.processes.observing import observe_processes
from tests.integration.command import harmonia, on
from tests.integration.delivering import Sayer as Deliveries
from tests.integration.delivering import delivering, webhook
from tests.integration.follow_process import following
from tests.integration.gateway_process import running_gateway
from tests.integration.hostile_receiver import listening
from tests.integration.sayer import PARTITIONS, Sayer
from tests.integration.serving_process import started
from tests.integration.waiting import until


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def told(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(harmonia(folder, "status", "--json", environment=environment).stdout)
    return said


def state(said: Mapping[str, Any], name: str) -> str:
    [found] = [each["state"] for each in said["processes"] if each["name"] == name]
    return str(found)


def alerts(said: Mapping[str, Any], about: str) -> list[str]:
    return [each["alert"] for each in said["alerts"] if each["why"].startswith(f"harmonia {about}: ")]


def test_a_killed_sink_on_postgresql_is_told_once_it_is_behind(
    own_stack: Stack, settings: Settings, postgres: PostgresServer, tmp_path: Path
) -> None:
    environment = on(own_stack, HARMONIA_POSTGRES=postgres.url, HARMONIA_PARTITIONS=str(PARTITIONS))

    def stands(as_: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            said = told(tmp_path, environment)
            return said if state(said, "sink postgres") == as_ else None

        return until(found, f"sink postgres is told to be {as_}")

    assert alerts(stands("behind"), "sink postgres") == ["SinkBehind"]  # nobody has ever filled it
    Sayer(settings).tell(50)
    with started(["sink", "postgres"], tmp_path / "sink.log", environment, "postgres") as sink:
        assert alerts(stands("running"), "sink postgres") == []
        sink.kill()
        behind = stands("behind")
        shown = harmonia(tmp_path, "status", environment=environment).stdout.decode()
    postgres.kill()
    away = stands("away")
    postgres.start()

    assert alerts(behind, "sink postgres") == ["SinkBehind"]
    assert "NOT WELL" in shown
    assert "harmonia sink postgres: PostgreSQL last held all" in " ".join(shown.split())
    assert alerts(away, "sink postgres") == ["SinkBehind"]
    assert postgres.url not in json.dumps(away)


def test_processes_that_are_not_set_up_are_said_so_and_page_nobody(own_stack: Stack, tmp_path: Path) -> None:
    said = told(tmp_path, on(own_stack))

    assert {each["name"]: each["state"] for each in said["processes"]} == dict.fromkeys(
        ["api", "gateway", "deliver", "sink postgres", "console", "console follow", "lake run"], "not_set_up"
    )
    assert [each for each in said["alerts"] if each["why"].startswith("harmonia ")] == []


def test_a_killed_gateway_is_away_and_a_page(own_stack: Stack, tmp_path: Path) -> None:
    with running_gateway(tmp_path, on(own_stack)) as gateway:
        environment = on(own_stack, HARMONIA_WATCHED=f"gateway={gateway.metrics}")
        before = until(
            lambda: said if state(said := told(tmp_path, environment), "gateway") == "running" else None,
            "the gateway runs",
        )
        gateway.process.kill()
        gateway.process.wait()
        after = told(tmp_path, environment)
        gateway.process.returncode = 0  # it did not end well, and had not to

    assert alerts(before, "gateway") == []
    assert state(after, "gateway") == "away"
    assert alerts(after, "gateway") == ["GatewayErrors"]


def test_an_address_of_another_server_is_told_with_what_to_give(own_stack: Stack, tmp_path: Path) -> None:
    with running_gateway(tmp_path, on(own_stack)) as gateway:
        said = told(tmp_path, on(own_stack, HARMONIA_WATCHED=f"gateway={gateway.url}"))

    assert state(said, "gateway") == "behind"
    [why] = [each["why"] for each in said["alerts"] if each["why"].startswith("harmonia gateway: ")]
    assert "is no address of /metrics" in why
    assert "answers 404" in why


def test_a_killed_deliver_is_behind_once_something_waits_that_it_has_not_read(
    own_stack: Stack, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observing, "LATE_S", 0.0)  # what waits at all is late
    trusted = tmp_path / "ca.pem"
    environment = delivering(own_stack, tmp_path, trusted, webhook("crm", "127.85.0.3"))
    configured = settings.model_copy(update={"deliver": Path(environment["HARMONIA_DELIVER"])})
    missing = settings.model_copy(update={"deliver": tmp_path / "missing.toml"})
    with listening({}, trusted):
        stands(missing, "deliver", "unknown")
        stands(configured, "deliver", "away")
        with started(["deliver"], tmp_path / "deliver.log", environment, "deliver") as deliver:
            stands(configured, "deliver", "running")
            stands(missing, "deliver", "running")
            deliver.kill()
            Deliveries(settings).change("c-1")
            stands(configured, "deliver", "behind")
        with started(["deliver"], tmp_path / "again.log", environment, "deliver"):
            stands(configured, "deliver", "running")


def test_a_killed_follower_of_the_console_leaves_its_desk_behind(
    own_stack: Stack, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observing, "LATE_S", 5.0)
    desk = tmp_path / "desk.sqlite"
    configured = settings.model_copy(update={"desk": desk})
    stands(configured, "console follow", "away")
    with following(tmp_path, "follow", on(own_stack, HARMONIA_DESK=str(desk))) as follower:
        stands(configured, "console follow", "running")
        follower.kill()
        stands(configured, "console follow", "behind")


def stands(settings: Settings, name: ProcessName, as_: str) -> None:
    """Wait until a process is seen to stand so."""

    def seen() -> bool:
        found = {each.name: each.state for each in observe_processes(settings, time.time_ns() // 1_000_000)}
        return found[name] == as_

    until(seen, f"{name} is told to be {as_}")
