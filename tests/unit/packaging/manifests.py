"""What `kubectl apply --kustomize` would send to a cluster."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

KUBERNETES = Path(__file__).parents[3] / "deploy" / "k8s"
_RUNNING = ("StatefulSet", "Deployment", "Job")
Manifest = Mapping[str, Any]


ADDED = {
    "small": ("lake", "postgres", "published-policy"),
    "large": ("lake", "lake-tls", "postgres", "postgres-tls", "deliver", "deliver-tls", "published-policy"),
}
"""Components that may be added to an overlay: all of it with all of them is `OVERLAY with everything`."""
EVERYTHING = [f"{overlay} with everything" for overlay in ADDED]


@cache
def built(overlay: str) -> list[Manifest]:
    """Every manifest of an overlay."""
    name = overlay.partition(" ")[0]
    if name == overlay:
        return kustomized(KUBERNETES / "overlays" / overlay)
    return with_components(name, *ADDED[name])


def with_components(overlay: str, *components: str) -> list[Manifest]:
    """Every manifest of an overlay to which components are added."""
    with TemporaryDirectory() as folder:
        below, *others = (
            os.path.relpath(KUBERNETES / name, folder)
            for name in (f"overlays/{overlay}", *(f"components/{each}" for each in components))
        )
        said = {"namespace": "harmonia", "resources": [below], "components": others}
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(said))
        return kustomized(Path(folder))


def added_to(overlay: str) -> list[Manifest]:
    """What its components add to an overlay."""
    names = {(one["kind"], one["metadata"]["name"]) for one in built(overlay)}
    every = built(f"{overlay} with everything")
    return [one for one in every if (one["kind"], one["metadata"]["name"]) not in names]


def known_users() -> set[str]:
    """Whom Kafka's list of rights knows."""
    lines = (KUBERNETES.parent / "acl" / "kafka.acl").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


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


def pods(overlay: str) -> dict[str, Any]:
    """By whatever starts pods, the template of them."""
    found = {one["metadata"]["name"]: one["spec"]["template"] for one in workloads(overlay)}
    for job in of_kind(overlay, "CronJob"):
        found[job["metadata"]["name"]] = job["spec"]["jobTemplate"]["spec"]["template"]
    return found


def workloads(overlay: str) -> list[Manifest]:
    """Whatever starts pods by itself, and not by the clock."""
    return of_kind(overlay, *_RUNNING)


def servers(overlay: str) -> list[Manifest]:
    """Whatever keeps pods running."""
    return of_kind(overlay, "StatefulSet", "Deployment")


def containers_of(template: Manifest) -> list[Any]:
    return [*template["spec"]["containers"], *template["spec"].get("initContainers", [])]


def containers(overlay: str) -> list[Any]:
    return list(chain(*map(containers_of, pods(overlay).values())))


def settings_map(overlay: str) -> Manifest:
    """The one whose name says what is in it."""
    [found] = [one for one in of_kind(overlay, "ConfigMap") if one["metadata"]["name"].startswith("harmonia-settings-")]
    return found


def settings(overlay: str) -> dict[str, str]:
    """What every container of ours is told."""
    return dict(settings_map(overlay)["data"])
