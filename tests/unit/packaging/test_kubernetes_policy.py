"""The component of deploy/k8s by which the console publishes the policy that worker and API go by."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.packaging.manifests import EVERYTHING, Manifest, built

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
