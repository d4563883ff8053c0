"""The component of deploy/k8s that adds the lake: whoever wants none has none."""

import os
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

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
    folder = tmp_path_factory.mktemp("with-lake")
    small, lake = (os.path.relpath(KUBERNETES / name, folder) for name in ("overlays/small", "components/lake"))
    said = {"namespace": "harmonia", "resources": [small], "components": [lake]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said))
    names = {(one["kind"], one["metadata"]["name"]) for one in built("small")}
    return [one for one in kustomized(folder) if (one["kind"], one["metadata"]["name"]) not in names]


def set_of(added: list[Manifest]) -> Any:
    [found] = [one for one in added if one["kind"] == "StatefulSet"]
    return found


def test_kubernetes_would_take_what_it_adds(added: list[Manifest]) -> None:
    assert sorted(one["kind"] for one in added) == ["NetworkPolicy", "Service", "StatefulSet"]
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
