"""Docker is not everywhere, so the compose file is held to what it promises by reading it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from events.regimes import REGIMES
from streams.local.kafka import Node, properties
from streams.local.lock import KAFKA
from streams.platform.published_policies import PublishedPolicy, mark_of, name_of, publish, published
from streams.platform.settings import Settings
from streams.services.console.people import read_people
from streams.services.console.roles import ROLES
from streams.services.gateway.hooks import read_hooks
from tests.unit.packaging.setting_names import SETTINGS

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "harmonia:local"}
ONCE = {"certificates", "hooks", "people", "policy", "topics", "topics-tls"}
KEEPS_NOTHING = {"api", "api-tls", "deliver", "gateway", "gateway-tls", "sink"}
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


def test_it_is_as_the_specification_says() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_without_a_profile_there_are_the_servers_and_nothing_else() -> None:
    assert {name for name, service in SERVICES.items() if not service.get("profiles")} == {"kafka", "redis"}
    assert {profile for service in SERVICES.values() for profile in service.get("profiles", [])} == {"full", "tls"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_reached_from_this_machine_only(service: str) -> None:
    ports = SERVICES[service].get("ports", [])
    assert [with_defaults(port) for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_two_services_want_one_port_of_this_machine() -> None:
    published = [
        with_defaults(port).split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])
    ]
    assert sorted(published) == sorted(set(published))


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - ONCE - KEEPS_NOTHING))
def test_a_service_keeps_its_data(service: str) -> None:
    kept = {volume.split(":")[0] for volume in SERVICES[service]["volumes"]} - {"certificates"}
    assert kept & {*COMPOSE["volumes"], "/var/lib/harmonia"}


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_mounts_and_waits_for_is_there(service: str) -> None:
    sources = [volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])]
    files = [source for source in sources if source.startswith("./")]
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert set(sources) - set(files) - {"/var/lib/harmonia"} <= COMPOSE["volumes"].keys()
    waits_for = SERVICES[service].get("depends_on", {})
    assert waits_for.keys() <= SERVICES.keys()
    finished = {name for name, how in waits_for.items() if how["condition"] == "service_completed_successfully"}
    assert finished == waits_for.keys() & ONCE


@pytest.mark.parametrize("service", OURS)
def test_ours_run_with_nothing_to_write_to_but_their_volume(service: str) -> None:
    assert OURS[service]["read_only"]
    assert OURS[service]["cap_drop"] == ["ALL"]
    writable = {volume.split(":")[-1] for volume in OURS[service].get("volumes", []) if not volume.endswith(":ro")}
    assert writable <= {"/var/lib/harmonia", *(["/etc/harmonia/policy"] if service == "console" else [])}


@pytest.mark.parametrize("service", OURS)
def test_ours_are_told_nothing_that_is_no_setting(service: str) -> None:
    assert OURS[service]["environment"].keys() - SETTINGS == set()


def test_prometheus_looks_at_every_container_that_has_metrics() -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    looked_at = {(name, place["port"]) for job in jobs for place in job["dns_sd_configs"] for name in place["names"]}
    kept_running = [name for name in OURS if name not in ONCE and OURS[name]["profiles"] == ["full"]]
    assert looked_at == {(name, OURS[name]["environment"]["HARMONIA_METRICS_PORT"]) for name in kept_running}


@pytest.mark.parametrize("service", ["gateway", "gateway-tls"])
def test_the_gateway_of_a_fresh_clone_has_its_hooks_and_their_secrets(service: str, tmp_path: Path) -> None:
    """The example's paths are those of a container, so they are looked for in this folder instead."""
    parts = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    inside = {place: source for source, place, _ in parts}
    file = inside[SERVICES[service]["environment"]["HARMONIA_GATEWAY"]]
    for _ in range(2):
        subprocess.run(["sh", ROOT / "deploy/compose/hooks.sh", tmp_path], check=True)
        made = (tmp_path / "actblue").read_text()
    [folder] = [place for place, volume in inside.items() if volume == "hooks"]
    (tmp_path / "gateway.toml").write_text((ROOT / file).read_text().replace(folder, str(tmp_path)))

    [hook] = read_hooks(tmp_path / "gateway.toml", {}).values()

    assert hook.proof.secrets == [made]
    assert re.fullmatch(r"actblue:[0-9a-f]{48}", made)
    assert (tmp_path / "actblue").stat().st_mode & 0o077 == 0


def test_all_who_go_by_the_policy_read_the_file_that_the_console_alone_writes() -> None:
    held = {name: [each for each in OURS[name].get("volumes", []) if each.startswith("policy:")] for name in OURS}
    by = {name: volumes for name, volumes in held.items() if volumes}
    assert by.keys() == {name for name in OURS if "HARMONIA_POLICY" in OURS[name]["environment"]}
    assert by.keys() == {"worker", "api", "console"}
    for name, [volume] in by.items():
        place, file = OURS[name]["environment"]["HARMONIA_POLICY"].rsplit("/", 1)
        assert volume == f"policy:{place}{'' if name == 'console' else ':ro'}"
        assert file == "policy.toml"
        assert OURS[name]["depends_on"]["policy"] == {"condition": "service_completed_successfully"}
    said = SERVICES["console"]["environment"]["HARMONIA_CONSOLE_MAY"]
    assert said == f"${{HARMONIA_CONSOLE_MAY-{Settings(_env_file=None).console_may}}}"


def test_the_policy_of_each_regime_is_there_to_begin_with() -> None:
    mounted = dict(volume.split(":")[1::-1] for volume in SERVICES["policy"]["volumes"][1:-1])
    said = {f"/policies/{name}.toml": f"./streams/domain/pressure/{each.policy}" for name, each in REGIMES.items()}
    assert mounted == said
    assert "/policies/${HARMONIA_REGIME:-us}.toml" in SERVICES["policy"]["command"][-1]
    assert {OURS[name]["environment"]["HARMONIA_REGIME"] for name in OURS if name not in ONCE} == {
        "${HARMONIA_REGIME:-us}"
    }


def test_the_policy_of_a_fresh_clone_is_the_default_until_another_one_is_published(tmp_path: Path) -> None:
    default = ROOT / "streams/domain/pressure/default.toml"
    script, file = ROOT / "deploy/compose/policy.sh", tmp_path / "policy" / "policy.toml"
    subprocess.run(["sh", script, default, file.parent], check=True)
    assert file.read_text() == default.read_text()
    text = default.read_text().replace("at_most = 2", "at_most = 1", 1)
    publish(file, text, mark_of(default.read_text()), PublishedPolicy(name_of(1, "a"), "a", "ada", 1, text))
    subprocess.run(["sh", script, default, file.parent], check=True)
    assert file.read_text() == text
    assert [each.by for each in published(file)] == ["ada", ""]


def test_the_console_of_a_fresh_clone_knows_one_person_by_a_token_that_is_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run(["sh", ROOT / "deploy/compose/people.sh", tmp_path], check=True)
        token = (tmp_path / "token").read_text()
    inside = dict(reversed(volume.removesuffix(":ro").split(":")) for volume in SERVICES["console"]["volumes"])
    place, name = SERVICES["console"]["environment"]["HARMONIA_CONSOLE_PEOPLE"].rsplit("/", 1)
    assert inside[place] == "people"

    found = read_people(tmp_path / name).by_token(token)

    assert found is not None
    assert found.roles == {*ROLES}
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


def test_the_console_reads_the_desk_that_is_filled_beside_it() -> None:
    console, follow = SERVICES["console"], SERVICES["follow"]
    assert console["environment"]["HARMONIA_DESK"] == follow["environment"]["HARMONIA_DESK"]
    assert "desk:/var/lib/harmonia" in console["volumes"]
    assert follow["volumes"] == ["desk:/var/lib/harmonia"]


def test_the_console_reads_the_past_that_the_lake_writes_and_cannot_write_it() -> None:
    console, lake = SERVICES["console"], SERVICES["lake"]
    assert lake["volumes"] == ["lake:/var/lib/harmonia"]
    assert "lake:/past:ro" in console["volumes"]
    place = lake["environment"]["HARMONIA_LAKE"].removeprefix("/var/lib/harmonia/")
    assert console["environment"]["HARMONIA_LAKE"] == f"/past/{place}"
    assert console["depends_on"]["lake"] == {"condition": "service_started"}


@pytest.mark.parametrize("service", ["kafka", "kafka-tls"])
def test_kafka_is_the_version_of_the_local_stack(service: str) -> None:
    assert SERVICES[service]["image"] == f"apache/kafka:{KAFKA.rpartition(':')[2]}"


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
    compose = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    assert EXAMPLE.keys() - SETTINGS - compose == set()


@pytest.mark.parametrize("service", ["gateway", "deliver"])
def test_what_an_override_of_the_docs_mounts_is_what_is_read(service: str) -> None:
    """Compose merges volumes by their target: one of another target would lie below what is there."""
    blocks = re.findall(r"```yaml\n(services:\n.*?)```", (ROOT / "docs/deploy.md").read_text(), re.DOTALL)
    [override] = [found for each in blocks if (found := yaml.safe_load(each)["services"].get(service))]
    mine = {volume.split(":")[1]: volume for volume in override["volumes"]}
    merged = {volume.split(":")[1]: volume for volume in SERVICES[service]["volumes"]} | mine
    for target, volume in mine.items():
        assert [found for place, found in merged.items() if place.startswith(target)] == [volume]


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - ONCE))
def test_a_service_says_when_it_is_ready(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] == "CMD"


def test_workers_that_are_several_share_no_volume() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] > 1
    assert [each for each in SERVICES["worker"]["volumes"] if not each.endswith(":ro")] == ["/var/lib/harmonia"]
