"""The component of deploy/k8s that adds the lake: whoever wants none has none."""

import os
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from streams.cli.main import app
from tests.unit.packaging.manifests import (
    KUBERNETES,
    Manifest,
    built,
    containers_of,
    kustomized,
    settings_map,
    workloads,
)
from tests.unit.packaging.setting_names import SETTINGS


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """What it adds to an overlay."""
    return added_to("small", tmp_path_factory.mktemp("with-lake"), "lake")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """What it adds to one that reaches Kafka by TLS."""
    return added_to("large", tmp_path_factory.mktemp("with-lake-and-tls"), "lake", "lake-tls")


def added_to(overlay: str, folder: Path, *components: str) -> list[Manifest]:
    below, *others = (
        os.path.relpath(KUBERNETES / name, folder)
        for name in (f"overlays/{overlay}", *(f"components/{name}" for name in components))
    )
    said = {"namespace": "harmonia", "resources": [below], "components": others}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said))
    names = {(one["kind"], one["metadata"]["name"]) for one in built(overlay)}
    return [one for one in kustomized(folder) if (one["kind"], one["metadata"]["name"]) not in names]


def set_of(added: list[Manifest]) -> Any:
    [found] = [one for one in added if one["kind"] == "StatefulSet"]
    return found


def test_kubernetes_would_take_what_it_adds(added: list[Manifest]) -> None:
    assert sorted(one["kind"] for one in added) == [*["CronJob"] * 4, "NetworkPolicy", "Service", "StatefulSet"]
    for manifest in added:
        kubernetes_validate.validate(dict(manifest), kubernetes_validate.latest_version(), strict=True)


def test_it_runs_as_the_others_do(added: list[Manifest]) -> None:
    [ours], [other, *_] = containers_of(set_of(added)), workloads("small")
    theirs = other["spec"]["template"]["spec"]
    assert set_of(added)["spec"]["template"]["spec"]["securityContext"] == theirs["securityContext"]
    assert ours["securityContext"] == containers_of(other)[0]["securityContext"]
    assert ours["image"] == containers_of(other)[0]["image"]
    labels = set_of(added)["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "harmonia"  # or no policy would let it reach Kafka
    assert ours["envFrom"] == [{"configMapRef": {"name": settings_map("small")["metadata"]["name"]}}]
    assert {variable["name"] for variable in ours["env"]} <= SETTINGS


def test_the_lake_lies_on_a_volume_that_stays(added: list[Manifest]) -> None:
    spec = set_of(added)["spec"]
    [container] = containers_of(set_of(added))
    [claim] = spec["volumeClaimTemplates"]
    mounted = {mount["name"]: Path(mount["mountPath"]) for mount in container["volumeMounts"]}
    [lake] = [variable["value"] for variable in container["env"] if variable["name"] == "HARMONIA_LAKE"]
    assert mounted[claim["metadata"]["name"]] in Path(lake).parents
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenScaled": "Retain", "whenDeleted": "Retain"}


def daily(added: list[Manifest]) -> dict[str, Any]:
    """The template of each job's pods, by what it runs."""
    jobs = [one["spec"] for one in added if one["kind"] == "CronJob"]
    assert all(job["concurrencyPolicy"] == "Forbid" for job in jobs)
    found = [job["jobTemplate"]["spec"]["template"] for job in jobs]
    return {" ".join(one["spec"]["containers"][0]["args"][:2]): one for one in found}


def test_each_day_it_is_kept_in_order_and_told_of(added: list[Manifest]) -> None:
    assert daily(added).keys() == {"lake snapshot", "lake compact", "lake erase", "report daily"}
    for name, template in daily(added).items():
        [command, *words] = template["spec"]["containers"][0]["args"]
        asked = CliRunner().invoke(app, [command, words[0], "--help"])
        assert asked.exit_code == 0, name
        assert all(word in asked.output for word in words if word.startswith("--"))


def test_who_keeps_it_in_order_runs_as_it_does_beside_it_on_its_volume(added: list[Manifest]) -> None:
    pod = set_of(added)["spec"]["template"]
    [lakes] = containers_of(set_of(added))
    [claim] = set_of(added)["spec"]["volumeClaimTemplates"]
    for template in daily(added).values():
        [ours], spec = template["spec"]["containers"], template["spec"]
        assert spec["securityContext"] == pod["spec"]["securityContext"]
        for same in ("image", "envFrom", "securityContext"):
            assert ours[same] == lakes[same]
        assert {one["name"]: one for one in ours["env"]}.items() <= {one["name"]: one for one in lakes["env"]}.items()
        assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "harmonia"
        assert template["metadata"]["labels"]["app.kubernetes.io/name"] != "harmonia-lake"  # or its service led here
        [near] = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert near["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        volumes = {one["name"]: one for one in spec["volumes"]}
        claimed = volumes["lake"]["persistentVolumeClaim"]["claimName"]
        assert claimed == f"{claim['metadata']['name']}-{set_of(added)['metadata']['name']}-0"
        assert {mount["name"] for mount in ours["volumeMounts"]} == volumes.keys()
        assert lakes["volumeMounts"][0] in ours["volumeMounts"]


def test_with_tls_each_is_a_user_who_may_do_that_and_no_more(secured: list[Manifest]) -> None:
    lines = (KUBERNETES.parent / "acl" / "kafka.acl").read_text().splitlines()
    known = {line.split()[0] for line in lines if line and not line.startswith("#")}
    templates = {"lake run": set_of(secured)["spec"]["template"], **daily(secured)}
    for name, template in templates.items():
        [container] = template["spec"]["containers"]
        user = {one["name"]: one.get("value") for one in container["env"]}["HARMONIA_KAFKA_USERNAME"]
        assert user == ("harmonia-report" if name == "report daily" else "harmonia-lake")
        assert user in known
        [secret] = [one["secret"]["secretName"] for one in template["spec"]["volumes"] if "secret" in one]
        assert secret == user.replace("harmonia-", "harmonia-kafka-")
        assert {"name": "kafka", "mountPath": "/etc/harmonia/kafka", "readOnly": True} in container["volumeMounts"]
    for manifest in secured:
        kubernetes_validate.validate(dict(manifest), kubernetes_validate.latest_version(), strict=True)
