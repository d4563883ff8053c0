"""Manifests of Kubernetes."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import chain, product
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.platform.settings import Settings
from streams.services.gateway.hooks import read_hooks
from tests.unit.packaging.dockerfile import stages
from tests.unit.packaging.manifests import (
    EVERYTHING,
    KUBERNETES,
    added_to,
    built,
    containers,
    containers_of,
    known_users,
    named,
    of_kind,
    pods,
    servers,
    settings,
    settings_map,
    with_components,
    workloads,
)
from tests.unit.packaging.setting_names import SETTINGS

ROOT = Path(__file__).parents[3]
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.169.254/32")
"""Other pods, other machines of ours, and the cloud's own metadata."""
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()

every_overlay = pytest.mark.parametrize("overlay", ["small", "large"])
with_and_without_components = pytest.mark.parametrize("overlay", ["small", "large", *EVERYTHING])


@pytest.mark.parametrize(
    ("overlay", "version"),
    [*product(["small", "large", *EVERYTHING], [NEWEST]), *product(EVERYTHING, [OLDEST])],
)
def test_kubernetes_would_take_each_manifest(overlay: str, version: str) -> None:
    """Strictly: no field that the schema does not know."""
    of_kubernetes = [one for one in built(overlay) if one["kind"] != "ServiceMonitor"]
    assert len(of_kubernetes) > 10
    for manifest in of_kubernetes:
        kubernetes_validate.validate(dict(manifest), version, strict=True)


@with_and_without_components
def test_all_of_it_is_in_one_namespace_that_refuses_what_is_not_restricted(overlay: str) -> None:
    [namespace] = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    elsewhere = [one for one in built(overlay) if one["metadata"].get("namespace") != namespace["metadata"]["name"]]
    assert elsewhere == [namespace]


@with_and_without_components
def test_nobody_is_root_or_writes_to_the_root(overlay: str) -> None:
    user, group = map(int, dict(stages()[-1])["USER"].split(":"))
    for template in pods(overlay).values():
        pod = template["spec"]
        said = pod["securityContext"]
        assert (said["runAsNonRoot"], said["runAsUser"], said["fsGroup"]) == (True, user, group)
        assert said["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
    for container in containers(overlay):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@with_and_without_components
def test_every_container_has_an_image_of_one_version_and_room(overlay: str) -> None:
    assert len({container["image"] for container in containers(overlay)}) == 1
    for container in containers(overlay):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@with_and_without_components
def test_settings_are_known_and_fit_together(overlay: str) -> None:
    said = settings(overlay)
    for container in chain(*map(without_first_policy, pods(overlay).values())):
        assert container["envFrom"] == [{"configMapRef": {"name": settings_map(overlay)["metadata"]["name"]}}]
        own = {variable["name"] for variable in container.get("env", [])}
        assert (own | said.keys()) - SETTINGS == set()
        assert own & said.keys() <= ({"HARMONIA_METRICS_PORT"} if container["name"] == "follow" else set())
    fields = {name.removeprefix("HARMONIA_").lower(): value for name, value in said.items()}
    mounted = {name for name in fields if name.endswith(("_file", "_ca", "_certificate", "_key"))}
    secrets = {name.removesuffix("_file"): "s3cret" for name in mounted if name.endswith("_file")}
    fields = {name: value for name, value in fields.items() if name not in mounted} | secrets
    if fields.get("kafka_security", "").startswith("SASL"):
        fields["kafka_username"] = "each workload's own"
    assert Settings.model_validate({**fields, "identity_key": "s3cret" * 3}).partitions == int(
        said["HARMONIA_PARTITIONS"]
    )


@every_overlay
def test_secrets_come_from_outside(overlay: str) -> None:
    """None is made here, and none is said in a value."""
    assert of_kind(overlay, "Secret") == []
    secret = {"HARMONIA_IDENTITY_KEY", "HARMONIA_API_TOKENS"}
    variables = list(chain(*(container.get("env", []) for container in containers(overlay))))
    by_reference = {one["name"] for one in variables if "secretKeyRef" in one.get("valueFrom", {})}
    assert secret <= by_reference <= {*secret, "REDIS_URL"}
    assert not settings(overlay).keys() & {*secret, "REDIS_URL"}
    assert [one for one in variables if "PASSWORD" in one["name"] and not one["name"].endswith("_FILE")] == []


OTHER_SECRETS = {
    "harmonia-gateway": {"harmonia-hooks"},
    "harmonia-console": {"harmonia-console-people"},
    "harmonia-postgres": {"harmonia-postgres"},
    "harmonia-deliver": {"harmonia-deliver"},
}
"""Secrets of a workload besides those by which Kafka and Redis know it."""


def test_with_tls_each_workload_is_somebody_of_its_own() -> None:
    """Jobs that keep the lake in order are the lake."""
    for name, template in pods("large with everything").items():
        user = re.sub("^harmonia-lake-.*", "harmonia-lake", name)
        assert user in known_users()
        secrets = {one["secret"]["secretName"] for one in template["spec"]["volumes"] if "secret" in one}
        by_kafka = user.replace("harmonia-", "harmonia-kafka-")
        assert secrets - {user.replace("harmonia-", "harmonia-redis-")} == {by_kafka} | OTHER_SECRETS.get(user, set())
        for container in without_first_policy(template):
            said = {one["name"]: one.get("value", "") for one in container["env"]}
            assert said["HARMONIA_KAFKA_USERNAME"] == user
            assert said.get("REDIS_URL", "") in ("", f"rediss://{user}@redis.redis.svc:6379/0")
            assert {"name": "kafka", "mountPath": "/etc/harmonia/kafka", "readOnly": True} in container["volumeMounts"]


@with_and_without_components
def test_what_is_mounted_is_there(overlay: str) -> None:
    maps = {one["metadata"]["name"] for one in of_kind(overlay, "ConfigMap")}
    claimed = {one["metadata"]["name"]: one["spec"].get("volumeClaimTemplates", []) for one in workloads(overlay)}
    for name, template in pods(overlay).items():
        pod = template["spec"]
        claims = [claim["metadata"]["name"] for claim in claimed.get(name, [])]
        volumes = {volume["name"] for volume in pod.get("volumes", [])} | set(claims)
        mounts = chain(*(container.get("volumeMounts", []) for container in containers_of(template)))
        assert {mount["name"] for mount in mounts} == volumes
        assert {one["configMap"]["name"] for one in pod.get("volumes", []) if "configMap" in one} <= maps


@with_and_without_components
def test_files_that_settings_name_are_mounted(overlay: str) -> None:
    for container in chain(*map(without_first_policy, pods(overlay).values())):
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        own = {variable["name"]: variable.get("value", "") for variable in container.get("env", [])}
        files = {**settings(overlay), **own}
        used = {name: file for name, file in files.items() if file.startswith("/") and name != "HARMONIA_POLICY"}
        assert [name for name, file in used.items() if not any(file.startswith(f"{mount}/") for mount in mounts)] == []


@every_overlay
def test_a_worker_has_a_volume_of_its_own_where_the_image_keeps_state(overlay: str) -> None:
    worker = named(overlay, "StatefulSet", "harmonia-worker")
    [container] = worker["spec"]["template"]["spec"]["containers"]
    [claim] = worker["spec"]["volumeClaimTemplates"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert "HARMONIA_STATE_DIR=/var/lib/harmonia/state" in dict(stages()[-1])["ENV"]
    assert mounted[claim["metadata"]["name"]] == "/var/lib/harmonia"
    assert container["args"] == ["worker"]  # one process a pod


@every_overlay
def test_a_worker_is_a_member_by_its_pods_name(overlay: str) -> None:
    [container] = named(overlay, "StatefulSet", "harmonia-worker")["spec"]["template"]["spec"]["containers"]
    [instance] = [one["valueFrom"] for one in container["env"] if one["name"] == "HARMONIA_INSTANCE"]
    assert instance == {"fieldRef": {"fieldPath": "metadata.name"}}


@every_overlay
def test_whoever_is_told_to_stop_has_the_time_for_it(overlay: str) -> None:
    grace_s = Settings(_env_file=None).grace_s
    for workload in servers(overlay):
        assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > grace_s + 15


@every_overlay
def test_probes_ask_where_metrics_are(overlay: str) -> None:
    port = int(settings(overlay)["HARMONIA_METRICS_PORT"])
    assert settings(overlay)["HARMONIA_METRICS_HOST"] == "0.0.0.0"
    for workload in servers(overlay):
        container = workload["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "metrics", "containerPort": port} in container["ports"]
        probes = {name: probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")}
        assert probes == {
            "startupProbe": {"path": "/livez", "port": "metrics"},
            "livenessProbe": {"path": "/livez", "port": "metrics"},
            "readinessProbe": {"path": "/readyz", "port": "metrics"},
        }


@every_overlay
def test_the_console_and_what_fills_its_desk_are_one_pod_with_the_desk_on_its_volume(overlay: str) -> None:
    spec = named(overlay, "StatefulSet", "harmonia-console")["spec"]
    console, follow = spec["template"]["spec"]["containers"]
    [claim] = spec["volumeClaimTemplates"]
    assert spec["replicas"] == 1
    assert (console["args"][0], follow["args"]) == ("console", ["console", "follow"])
    for container in (console, follow):
        own = {variable["name"]: variable.get("value") for variable in container["env"]}
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert own["HARMONIA_DESK"] == f"{mounted[claim['metadata']['name']]}/desk.sqlite"


@every_overlay
def test_what_fills_the_desk_has_metrics_at_a_port_of_its_own_and_is_started_again_where_it_hangs(overlay: str) -> None:
    """Containers of a pod share an address. It says no readiness: without a desk pages say so, and are served."""
    follow = named(overlay, "StatefulSet", "harmonia-console")["spec"]["template"]["spec"]["containers"][1]
    [port] = [int(one["value"]) for one in follow["env"] if one["name"] == "HARMONIA_METRICS_PORT"]
    assert port != int(settings(overlay)["HARMONIA_METRICS_PORT"])
    assert follow["ports"] == [{"name": "follow-metrics", "containerPort": port}]
    asked = {"path": "/livez", "port": "follow-metrics"}
    probes = {name: probe["httpGet"] for name, probe in follow.items() if name.endswith("Probe")}
    assert probes == {"startupProbe": asked, "livenessProbe": asked}


@every_overlay
def test_a_disruption_takes_one_pod_at_a_time(overlay: str) -> None:
    budgets = of_kind(overlay, "PodDisruptionBudget")
    selected = [one["spec"]["selector"]["matchLabels"] for one in budgets]
    assert [one["spec"]["maxUnavailable"] for one in budgets] == [1] * len(servers(overlay))
    for workload in servers(overlay):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert sum(wanted.items() <= labels.items() for wanted in selected) == 1


@every_overlay
def test_nothing_comes_in_or_goes_out_but_what_is_named(overlay: str) -> None:
    nothing = named(overlay, "NetworkPolicy", "nothing")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ways = {policy["metadata"]["name"]: set(opened(policy["spec"])) for policy in of_kind(overlay, "NetworkPolicy")}
    assert ways == {
        "nothing": set(),
        "dns": {("egress", 53)},
        "kafka": {("egress", 9092), ("egress", 9094)},
        "redis": {("egress", 6379)},
        "api": {("ingress", "http")},
        "gateway": {("ingress", "http")},
        "console": {("ingress", "http")},
        "metrics": {("ingress", "metrics"), ("ingress", "follow-metrics")},
    }
    port = int(settings(overlay)["KAFKA_BOOTSTRAP"].rpartition(":")[2])
    assert ("egress", port) in ways["kafka"]


def without_first_policy(template: Any) -> list[Any]:
    """The containers of a pod but for the one that puts the first policy on a volume, which is told nothing."""
    return [one for one in containers_of(template) if one["name"] != "policy"]


def opened(policy: Any) -> Iterator[tuple[str, int | str]]:
    for direction, ends in (("ingress", "from"), ("egress", "to")):
        for rule in policy.get(direction, []):
            assert rule[ends], "from or to anybody"
            yield from ((direction, port["port"]) for port in rule["ports"])


@every_overlay
def test_prometheus_finds_every_service_that_has_metrics(overlay: str) -> None:
    """The schema of a ServiceMonitor is the operator's, so what is used of it is looked at here."""
    [monitor] = of_kind(overlay, "ServiceMonitor")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"].keys() == {"selector", "endpoints"}
    wanted = monitor["spec"]["selector"]["matchLabels"]
    found = [
        service for service in of_kind(overlay, "Service") if wanted.items() <= service["metadata"]["labels"].items()
    ]
    processes = {one["metadata"]["name"] for one in servers(overlay)} | {"harmonia-console-follow"}
    assert {service["metadata"]["name"] for service in found} == processes
    [endpoint] = monitor["spec"]["endpoints"]
    assert (endpoint["path"], endpoint["port"]) == ("/metrics", "metrics")
    assert all("metrics" in {port["name"] for port in service["spec"]["ports"]} for service in found)


@every_overlay
def test_a_service_leads_to_a_port_that_somebody_has(overlay: str) -> None:
    for service in of_kind(overlay, "Service"):
        [workload] = [
            one
            for one in servers(overlay)
            if service["spec"]["selector"].items() <= one["spec"]["template"]["metadata"]["labels"].items()
        ]
        pod = workload["spec"]["template"]["spec"]
        ports = {port["name"] for container in pod["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_the_policy_is_the_default_until_somebody_changes_it() -> None:
    assert (KUBERNETES / "base/policy.toml").read_text() == (ROOT / "streams/domain/pressure/default.toml").read_text()


@every_overlay
def test_the_gateway_starts_with_its_file_of_hooks_and_the_files_of_their_secrets(overlay: str, tmp_path: Path) -> None:
    """Paths are those of a container, so they are looked for in this folder instead."""
    pod = named(overlay, "Deployment", "harmonia-gateway")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    [said] = [one["value"] for one in container["env"] if one["name"] == "HARMONIA_GATEWAY"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    file = named(overlay, "ConfigMap", volumes["gateway"]["configMap"]["name"])["data"]["gateway.toml"]
    assert said == f"{mounted['gateway']}/gateway.toml"
    assert volumes["hooks"]["secret"] == {"secretName": "harmonia-hooks", "defaultMode": 0o440}
    (tmp_path / "gateway.toml").write_text(file.replace(mounted["hooks"], str(tmp_path)))
    (tmp_path / "actblue").write_text("actblue:hush")

    [hook] = read_hooks(tmp_path / "gateway.toml", {}).values()

    assert hook.proof.secrets == ["actblue:hush"]


def test_only_the_gateway_may_go_out_to_amazon_and_only_where_somebody_says_so() -> None:
    [added] = [one for one in with_components("small", "sns") if one not in built("small")]

    kubernetes_validate.validate(dict(added), NEWEST, strict=True)
    assert list(opened(added["spec"])) == [("egress", 443)]
    gateway = named("small", "Deployment", "harmonia-gateway")["spec"]["template"]["metadata"]["labels"]
    assert added["spec"]["podSelector"]["matchLabels"].items() <= gateway.items()
    [end] = added["spec"]["egress"][0]["to"]
    closed = [IPv4Network(one) for one in end["ipBlock"]["except"]]
    assert all(any(IPv4Network(one).subnet_of(net) for net in closed) for one in PRIVATE)


@every_overlay
def test_a_change_of_the_policy_restarts_nobody(overlay: str) -> None:
    [policy] = [one for one in of_kind(overlay, "ConfigMap") if one["metadata"]["name"] == "harmonia-policy"]
    [file] = policy["data"]
    assert settings(overlay)["HARMONIA_POLICY"] == f"/etc/harmonia/policy/{file}"


@with_and_without_components
def test_every_pod_bears_the_label_by_which_policies_let_it_reach_kafka(overlay: str) -> None:
    for template in pods(overlay).values():
        assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "harmonia"


@every_overlay
def test_a_change_of_the_hooks_replaces_gateways(overlay: str) -> None:
    """They are read at the start; another name of the map is another pod."""
    [hooks] = [one for one in of_kind(overlay, "ConfigMap") if "gateway.toml" in one["data"]]
    assert re.fullmatch(r"harmonia-gateway-[a-z0-9]{10}", hooks["metadata"]["name"])


LARGEST = "large with everything"
LAKE = "harmonia-lake"


def test_one_process_at_a_time_delivers() -> None:
    deployment = named(LARGEST, "Deployment", "harmonia-deliver")
    [ours] = containers_of(deployment["spec"]["template"])
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert ours["args"] == ["deliver"]


def test_the_lake_lies_on_a_volume_that_stays() -> None:
    spec = named(LARGEST, "StatefulSet", LAKE)["spec"]
    [container] = containers_of(spec["template"])
    [claim] = spec["volumeClaimTemplates"]
    mounted = {mount["name"]: Path(mount["mountPath"]) for mount in container["volumeMounts"]}
    [lake] = [variable["value"] for variable in container["env"] if variable["name"] == "HARMONIA_LAKE"]
    assert mounted[claim["metadata"]["name"]] in Path(lake).parents
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenScaled": "Retain", "whenDeleted": "Retain"}


def daily() -> dict[str, Any]:
    """The template of each job's pods, by what it runs."""
    jobs = [one["spec"] for one in added_to("large") if one["kind"] == "CronJob"]
    assert all(job["concurrencyPolicy"] == "Forbid" for job in jobs)
    found = [job["jobTemplate"]["spec"]["template"] for job in jobs]
    return {" ".join(one["spec"]["containers"][0]["args"][:2]): one for one in found}


def test_each_day_the_lake_is_kept_in_order_and_told_of() -> None:
    assert daily().keys() == {"lake snapshot", "lake compact", "lake erase", "report daily"}
    for name, template in daily().items():
        [command, *words] = template["spec"]["containers"][0]["args"]
        asked = CliRunner().invoke(app, [command, words[0], "--help"])
        assert asked.exit_code == 0, name
        assert all(word in asked.output for word in words if word.startswith("--"))


def test_who_keeps_the_lake_in_order_runs_beside_it_on_its_volume() -> None:
    spec = named(LARGEST, "StatefulSet", LAKE)["spec"]
    [lakes] = containers_of(spec["template"])
    [claim] = spec["volumeClaimTemplates"]
    users = {"HARMONIA_KAFKA_USERNAME"}
    for template in daily().values():
        [ours], pod = template["spec"]["containers"], template["spec"]
        told, tells = ({one["name"]: one for one in each["env"] if one["name"] not in users} for each in (ours, lakes))
        assert told.items() <= tells.items()
        assert template["metadata"]["labels"]["app.kubernetes.io/name"] != LAKE  # or its service led here
        [near] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert near["labelSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        volumes = {one["name"]: one for one in pod["volumes"]}
        assert volumes["lake"]["persistentVolumeClaim"]["claimName"] == f"{claim['metadata']['name']}-{LAKE}-0"
        [lake] = [one for one in lakes["volumeMounts"] if one["name"] == claim["metadata"]["name"]]
        assert lake in ours["volumeMounts"]
