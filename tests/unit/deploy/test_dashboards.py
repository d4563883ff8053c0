"""Dashboards ask for metrics that exist, fit on their grid and are found by Grafana."""

from itertools import pairwise

import yaml

from tests.unit.deploy.dashboards import DASHBOARDS, FOLDER, queries, read
from tests.unit.deploy.metrics import known_metrics
from tests.unit.deploy.rules import metrics_in, rules


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
