"""What components of deploy/k8s add to an overlay: lake, PostgreSQL and `harmonia deliver`.

`test_kubernetes.py` holds all overlays, with and without components, to what goes for every manifest.
"""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from streams.cli.main import app
from tests.unit.packaging.manifests import added_to, containers_of, named

EVERYTHING = "large with everything"
LAKE = "harmonia-lake"


def test_one_process_at_a_time_delivers() -> None:
    deployment = named(EVERYTHING, "Deployment", "harmonia-deliver")
    [ours] = containers_of(deployment["spec"]["template"])
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert ours["args"] == ["deliver"]


def test_the_lake_lies_on_a_volume_that_stays() -> None:
    spec = named(EVERYTHING, "StatefulSet", LAKE)["spec"]
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
    spec = named(EVERYTHING, "StatefulSet", LAKE)["spec"]
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
