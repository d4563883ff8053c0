"""What `kubectl apply --kustomize` would send to a cluster."""

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

KUBERNETES = Path(__file__).parents[3] / "deploy" / "k8s"
_RUNNING = ("StatefulSet", "Deployment", "Job")
Manifest = Mapping[str, Any]


@cache
def built(overlay: str) -> list[Manifest]:
    """Every manifest of an overlay."""
    return kustomized(KUBERNETES / "overlays" / overlay)


def kustomized(folder: Path) -> list[Manifest]:
    """Every manifest that a kustomization makes."""
    kubectl = str(Path(sys.executable).with_name("kubectl"))
    made = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    return list(yaml.safe_load_all(made.stdout))


def of_kind(overlay: str, *kinds: str) -> list[Manifest]:
    return [one for one in built(overlay) if one["kind"] in kinds]


def named(overlay: str, kind: str, name: str) -> Any:
    [found] = [one for one in of_kind(overlay, kind) if one["metadata"]["name"] == name]
    return found


def workloads(overlay: str) -> list[Manifest]:
    """Whatever starts pods."""
    return of_kind(overlay, *_RUNNING)


def servers(overlay: str) -> list[Manifest]:
    """Whatever keeps pods running."""
    return of_kind(overlay, "StatefulSet", "Deployment")


def containers_of(workload: Manifest) -> list[Any]:
    pod = workload["spec"]["template"]["spec"]
    return [*pod["containers"], *pod.get("initContainers", [])]


def containers(overlay: str) -> list[Any]:
    return list(chain(*map(containers_of, workloads(overlay))))


def settings_map(overlay: str) -> Manifest:
    """The one whose name says what is in it."""
    [found] = [one for one in of_kind(overlay, "ConfigMap") if one["metadata"]["name"].startswith("harmonia-settings-")]
    return found


def settings(overlay: str) -> dict[str, str]:
    """What every container of ours is told."""
    return dict(settings_map(overlay)["data"])
