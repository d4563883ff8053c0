"""Docker is not everywhere, so the compose file is held to what it promises by reading it."""

import re
from pathlib import Path

import pytest
import yaml

from streams.local.kafka import Node, properties
from streams.local.lock import KAFKA
from streams.settings import Settings

ROOT = Path(__file__).parents[3]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
KAFKA_ENVIRONMENT = {name: str(value) for name, value in SERVICES["kafka"]["environment"].items()}
EXAMPLE = dict(
    line.removeprefix("# ").split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if re.match(r"(# )?[A-Z_]+=", line)
)


def with_defaults(text: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def listeners(name: str) -> dict[str, str]:
    return dict(each.split("://") for each in with_defaults(KAFKA_ENVIRONMENT[name]).split(","))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_reached_from_this_machine_only(service: str) -> None:
    assert [with_defaults(port) for port in SERVICES[service]["ports"] if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_when_it_is_ready_and_keeps_its_data(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[service]["volumes"]


def test_kafka_is_the_version_of_the_local_stack() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA.rpartition(':')[2]}"


def test_every_advertised_listener_is_listened_on_and_has_a_protocol() -> None:
    bound, advertised = listeners("KAFKA_LISTENERS"), listeners("KAFKA_ADVERTISED_LISTENERS")
    protocols = dict(each.split(":") for each in KAFKA_ENVIRONMENT["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert advertised.keys() | {KAFKA_ENVIRONMENT["KAFKA_CONTROLLER_LISTENER_NAMES"]} == bound.keys()
    assert bound.keys() == protocols.keys()
    assert KAFKA_ENVIRONMENT["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised


def test_programs_on_this_machine_are_sent_back_to_the_published_port() -> None:
    published = [with_defaults(port).rpartition(":") for port in SERVICES["kafka"]["ports"]]
    assert [outside for outside, _, _ in published] == [listeners("KAFKA_ADVERTISED_LISTENERS")["HOST"]]
    assert [f":{inside}" for _, _, inside in published] == [listeners("KAFKA_LISTENERS")["HOST"]]


def test_kafka_is_set_as_the_local_stack_sets_it() -> None:
    of_the_place = re.compile(r".*listeners|controller\.quorum\..*|log\.dirs|log\.cleaner\..*|broker\..*")
    node = Node(1, 2, 3)
    local = dict(line.split("=", 1) for line in properties(node, [node]).splitlines())
    shared = {name: value for name, value in local.items() if not of_the_place.fullmatch(name)}
    assert {name: KAFKA_ENVIRONMENT["KAFKA_" + name.replace(".", "_").upper()] for name in shared} == shared


def test_the_example_environment_reaches_the_compose_services() -> None:
    assert EXAMPLE["KAFKA_BOOTSTRAP"] == listeners("KAFKA_ADVERTISED_LISTENERS")["HOST"]
    assert EXAMPLE["REDIS_URL"] == f"redis://{with_defaults(SERVICES['redis']['ports'][0]).rpartition(':')[0]}/0"


def test_the_example_environment_names_nothing_unknown() -> None:
    settings = {
        str(field.validation_alias or f"HARMONIA_{name.upper()}") for name, field in Settings.model_fields.items()
    }
    compose = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert EXAMPLE.keys() - settings - compose == set()
