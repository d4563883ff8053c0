"""The components of deploy/k8s that add the sink on PostgreSQL."""

from typing import Any

import kubernetes_validate
import pytest

from tests.unit.packaging.manifests import KUBERNETES, Manifest, containers_of, settings_map, workloads
from tests.unit.packaging.setting_names import SETTINGS
from tests.unit.packaging.test_kubernetes_lake import added_to


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return added_to("small", tmp_path_factory.mktemp("with-postgres"), "postgres")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return added_to("large", tmp_path_factory.mktemp("with-postgres-and-tls"), "postgres", "postgres-tls")


def deployment(added: list[Manifest]) -> Any:
    [found] = [one for one in added if one["kind"] == "Deployment"]
    return found


def test_kubernetes_would_take_what_they_add(added: list[Manifest], secured: list[Manifest]) -> None:
    for manifests in (added, secured):
        assert sorted(one["kind"] for one in manifests) == ["Deployment", "NetworkPolicy", "Service"]
        for manifest in manifests:
            kubernetes_validate.validate(dict(manifest), kubernetes_validate.latest_version(), strict=True)


def test_it_runs_as_the_others_do(added: list[Manifest]) -> None:
    [ours], [other, *_] = containers_of(deployment(added)), workloads("small")
    pod = deployment(added)["spec"]["template"]
    assert pod["spec"]["securityContext"] == other["spec"]["template"]["spec"]["securityContext"]
    assert ours["securityContext"] == containers_of(other)[0]["securityContext"]
    assert ours["image"] == containers_of(other)[0]["image"]
    assert pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == "harmonia"  # or no policy would let it reach Kafka
    assert ours["envFrom"] == [{"configMapRef": {"name": settings_map("small")["metadata"]["name"]}}]
    assert {variable["name"] for variable in ours["env"]} <= SETTINGS


def test_the_url_is_read_from_a_secret_that_is_mounted(added: list[Manifest]) -> None:
    [container] = containers_of(deployment(added))
    [file] = [one["value"] for one in container["env"] if one["name"] == "HARMONIA_POSTGRES_FILE"]
    [mount] = [one for one in container["volumeMounts"] if file.startswith(one["mountPath"] + "/")]
    volumes = {one["name"]: one for one in deployment(added)["spec"]["template"]["spec"]["volumes"]}
    assert volumes[mount["name"]]["secret"]["secretName"] == "harmonia-postgres"


def test_with_tls_it_is_a_user_whom_kafka_knows(secured: list[Manifest]) -> None:
    lines = (KUBERNETES.parent / "acl" / "kafka.acl").read_text().splitlines()
    [container] = containers_of(deployment(secured))
    user = {one["name"]: one.get("value") for one in container["env"]}["HARMONIA_KAFKA_USERNAME"]
    assert user in {line.split()[0] for line in lines if line and not line.startswith("#")}
    assert {"name": "kafka", "mountPath": "/etc/harmonia/kafka", "readOnly": True} in container["volumeMounts"]
