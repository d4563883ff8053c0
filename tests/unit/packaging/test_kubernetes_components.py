"""What components of deploy/k8s add to an overlay: lake, PostgreSQL and `harmonia deliver`.

`test_kubernetes.py` holds all overlays, with and without components, to what goes for every manifest.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from tests.unit.packaging.manifests import EVERYTHING, Manifest, added_to, built, containers_of, named

ALL_COMPONENTS = "large with everything"
LAKE = "harmonia-lake"


def test_one_process_at_a_time_delivers() -> None:
    deployment = named(ALL_COMPONENTS, "Deployment", "harmonia-deliver")
    [ours] = containers_of(deployment["spec"]["template"])
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert ours["args"] == ["deliver"]


def test_the_lake_lies_on_a_volume_that_stays() -> None:
    spec = named(ALL_COMPONENTS, "StatefulSet", LAKE)["spec"]
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
    spec = named(ALL_COMPONENTS, "StatefulSet", LAKE)["spec"]
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


# The component of deploy/k8s by which the console publishes the policy that worker and API go by.
READERS = ["harmonia-api", "harmonia-console", "harmonia-worker"]


@pytest.fixture(scope="module", params=EVERYTHING)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """All of an overlay with it."""
    return built(request.param)


def readers(manifests: list[Manifest]) -> list[Any]:
    found = [one for one in manifests if one["kind"] in ("StatefulSet", "Deployment")]
    return [one for one in found if one["metadata"]["name"] in READERS]


def test_all_who_go_by_the_policy_share_one_volume_that_many_may_mount(manifests: list[Manifest]) -> None:
    [claim] = [one for one in manifests if one["kind"] == "PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    shared = {"name": "policy", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
    with_policy = [one for one in manifests if "policy" in str(one.get("spec", {}).get("template", {}))]
    assert [one["metadata"]["name"] for one in readers(with_policy)] == [one["metadata"]["name"] for one in with_policy]
    for workload in readers(manifests):
        volumes = workload["spec"]["template"]["spec"]["volumes"]
        assert [volume for volume in volumes if volume["name"] == "policy"] == [shared]


def test_the_console_alone_writes_where_the_setting_says_the_file_is(manifests: list[Manifest]) -> None:
    [settings] = [one["data"] for one in manifests if one["metadata"]["name"].startswith("harmonia-settings-")]
    folder = settings["HARMONIA_POLICY"].rpartition("/")[0]
    writes = {}
    for workload in readers(manifests):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            for mount in container["volumeMounts"]:
                if mount["name"] == "policy":
                    assert mount["mountPath"] == folder
                    writes[workload["metadata"]["name"]] = not mount.get("readOnly")
    assert writes == {name: name == "harmonia-console" for name in READERS}


def test_the_first_one_is_put_there_once_and_none_is_overwritten(manifests: list[Manifest], tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy-first").mkdir()
    (tmp_path / "policy-first" / "policy.toml").write_text("first")
    scripts = {_first(workload)["args"][0] for workload in readers(manifests)}
    [script] = [text.replace("/etc/harmonia", str(tmp_path)) for text in scripts]
    for text in ("first", "published"):
        subprocess.run(["sh", "-ec", script], check=True, env={"HOSTNAME": "pod-1", "PATH": os.environ["PATH"]})
        assert (tmp_path / "policy" / "policy.toml").read_text() == text
        (tmp_path / "policy" / "policy.toml").write_text("published")
    assert [file.name for file in (tmp_path / "policy").iterdir()] == ["policy.toml"]


def _first(workload: Any) -> Any:
    [found] = [one for one in workload["spec"]["template"]["spec"]["initContainers"] if one["name"] == "policy"]
    return found
