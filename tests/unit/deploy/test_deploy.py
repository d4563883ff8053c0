"""What a deployment is given: access rules, dashboards and topics."""

from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import yaml

from events.topics import ALL, Program, TopicSpec
from streams.local.kafka import Node, properties
from streams.operations import acl
from streams.platform.settings import Settings
from streams.platform.topics import topics_read_by_workers
from tests.unit.deploy.dashboards import DASHBOARDS, FOLDER, queries, read
from tests.unit.deploy.metrics import known_metrics
from tests.unit.deploy.rules import metrics_in, rules

FILE = Path(__file__).parents[3] / "deploy" / "acl" / "kafka.acl"
USERS = {acl.WORKER, acl.TOPICS, *get_args(Program)}


SEES_STATUS = ("harmonia-console", "harmonia-operator")


def operations(user: str) -> dict[str, set[str]]:
    """What a user may do, by the name of a topic."""
    return {right.name: set(right.operations) for right in acl.rights() if (right.user, right.kind) == (user, "topic")}


def test_the_committed_list_of_rights_is_that_of_the_topics() -> None:
    assert acl.page() == FILE.read_text(), "run `make schemas`"


def test_nobody_but_a_worker_writes_what_agents_tell_each_other() -> None:
    """Whoever could would make one person of two."""
    inner = {"identity-links", "contact-roofs", "contact-fragments", "contact-state", "harmonia-contacts-changelog"}
    writers = {right.user for right in acl.rights() if right.name in inner and "Write" in right.operations}
    assert writers == {acl.WORKER}


@pytest.mark.parametrize("user", SEES_STATUS)
def test_who_sees_status_reads_each_topic_that_workers_read(user: str) -> None:
    """One that it may not see would be said to be missing."""
    mine = operations(user)
    assert {name for name in topics_read_by_workers(Settings()) if "Read" not in mine.get(name, ())} == set()


def test_every_user_of_the_list_has_a_row_on_its_page() -> None:
    page = (FILE.parent / "README.md").read_text()
    told = {user for user in USERS if f"| `{user}` |" in page}
    assert USERS - told == {user for user in USERS if user.startswith("producer-")}


def test_a_producer_writes_its_own_topic_and_does_nothing_else() -> None:
    assert operations("producer-email") == {"email-events": {"Write"}}
    commanders = {
        right.user for right in acl.rights() if right.name == "contact-commands" and "Write" in right.operations
    }
    assert commanders == {"harmonia-api", "harmonia-console", "harmonia-gateway", "harmonia-operator"}


def test_a_topic_more_gives_rights_to_those_who_write_read_and_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    more = TopicSpec(
        name="donor-ranks",
        purpose="",
        cleanup="compact",
        people="nobody",
        written_by=("contacts",),
        read_by=("redis", "harmonia-lake"),
    )
    before = {*acl.rights()}
    monkeypatch.setattr(acl, "ALL", (*ALL, more))

    assert {(right.user, right.operations) for right in {*acl.rights()} - before} == {
        (acl.WORKER, ("Read", "Write")),
        (acl.TOPICS, ("Create", "Describe")),
        ("harmonia-lake", ("Read",)),
        *((user, ("Read",)) for user in SEES_STATUS),
    }


def test_every_name_and_user_of_a_deployment_with_a_prefix_begins_with_it() -> None:
    lines = [line.split() for line in acl.page("north.").splitlines() if line and not line.startswith("#")]
    plain = [line.split() for line in acl.page().splitlines() if line and not line.startswith("#")]
    assert lines == [[f"north.{who}", what, kind, f"north.{name}", how] for who, what, kind, name, how in plain]


def test_every_metric_in_a_panel_exists() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for query in queries():
        assert metrics_in(query.expression) - known_metrics() - recorded == set(), query


def test_every_panel_is_on_the_grid_and_has_a_number_of_its_own() -> None:
    for file in DASHBOARDS:
        panels = read(file)["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        places = [panel["gridPos"] for panel in panels]
        assert all(place["x"] + place["w"] <= 24 for place in places)
        for one, next_ in pairwise(places):
            assert next_["y"] >= one["y"] + one["h"] or next_["x"] >= one["x"] + one["w"]


def test_grafana_finds_dashboards_and_their_source() -> None:
    provisioning = FOLDER / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "harmonia.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    for file in DASHBOARDS:
        dashboard = read(file)
        assert dashboard["uid"] == f"harmonia-{file.stem}"
        for panel in dashboard["panels"]:
            assert {panel["datasource"]["uid"], *(each["datasource"]["uid"] for each in panel["targets"])} == {
                source["uid"]
            }


PROPERTIES = Path(__file__).parents[3] / "deploy" / "kafka" / "server.properties"
OF_ONE_NODE = {"node.id", "listeners", "advertised.listeners", "log.dirs", "controller.quorum.voters"}
OF_A_SMALL_MACHINE = {
    "offsets.topic.num.partitions",
    "transaction.state.log.num.partitions",
    "log.cleaner.dedupe.buffer.size",
}


def settings_in(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_deployed_brokers_have_the_settings_of_the_chaos_suite() -> None:
    nodes = [Node(number, 9092, 9093) for number in (1, 2, 3)]
    tried, deployed = settings_in(properties(nodes[0], nodes)), settings_in(PROPERTIES.read_text())
    common = tried.keys() - OF_ONE_NODE - OF_A_SMALL_MACHINE
    assert {name: deployed.get(name) for name in common} == {name: tried[name] for name in common}
    assert deployed.keys() >= OF_ONE_NODE
