"""Dashboards ask for metrics that exist, fit on their grid and are found by Grafana."""

from itertools import pairwise

import yaml

from tests.unit.deploy.dashboards import DASHBOARDS, FOLDER, queries, read
from tests.unit.deploy.metrics import known_metrics
from tests.unit.deploy.rules import metrics_in, rules

ASKED_FOR = {
    *("Inflow by team", "Inflow by type", "Outcomes", "Lag", "From the producer's acknowledgement to Redis"),
    *("Dead letters by reason", "Pressure: alerts by rule", "Suppression: who said no, and how", "Rebalances"),
    *("Quarantine: for how long, by source", "Quarantine: held records that wait"),
    *("Sinks: seconds behind", "Sinks: records behind", "Recovery"),
    *("Donations net by hour", "Doors by hour", "Opens by hour: people and all", "Unsubscribes by hour"),
    *("Gateway: answers by status", "Gateway: events by outcome", "Gateway: time of an answer (p99)"),
    *("Gateway: bytes that wait for Kafka", "Alerts by hour"),
    *("Segments: entries and exits by hour", "Segments: seconds behind"),
    "Segments: defined, and partitions judged anew",
    *("Experiments by status", "Experiments: alerts by hour", "Experiments: seconds until a result has it"),
}


def test_every_metric_in_a_panel_exists() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for query in queries():
        assert metrics_in(query.expression) - known_metrics() - recorded == set(), query


def test_all_that_was_asked_for_is_there() -> None:
    assert {query.panel for query in queries()} >= ASKED_FOR


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
