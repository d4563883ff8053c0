"""The components of deploy/k8s that add `harmonia deliver`."""

from typing import Any

import kubernetes_validate
import pytest

from tests.unit.packaging.manifests import KUBERNETES, Manifest, containers_of, workloads
from tests.unit.packaging.setting_names import SETTINGS
from tests.unit.packaging.test_kubernetes_lake import added_to


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return added_to("large", tmp_path_factory.mktemp("with-deliver"), "deliver", "deliver-tls")


def deployment(added: list[Manifest]) -> Any:
    [found] = [one for one in added if one["kind"] == "Deployment"]
    return found


def test_kubernetes_would_take_what_they_add(added: list[Manifest]) -> None:
    assert sorted(one["kind"] for one in added) == ["Deployment", "NetworkPolicy", "Service"]
    for manifest in added:
        kubernetes_validate.validate(dict(manifest), kubernetes_validate.latest_version(), strict=True)


def test_it_runs_as_the_others_do_and_one_at_a_time(added: list[Manifest]) -> None:
    [ours], [other, *_] = containers_of(deployment(added)), workloads("large")
    spec = deployment(added)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert ours["securityContext"] == containers_of(other)[0]["securityContext"]
    assert ours["args"] == ["deliver"]
    assert {variable["name"] for variable in ours["env"]} <= SETTINGS


def test_it_is_a_user_whom_kafka_knows(added: list[Manifest]) -> None:
    lines = (KUBERNETES.parent / "acl" / "kafka.acl").read_text().splitlines()
    [container] = containers_of(deployment(added))
    user = {one["name"]: one.get("value") for one in container["env"]}["HARMONIA_KAFKA_USERNAME"]
    assert user in {line.split()[0] for line in lines if line and not line.startswith("#")}
