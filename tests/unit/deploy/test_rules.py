"""Rules hold with promtool's own tests, ask for metrics that exist, and lead to a runbook."""

import re
import subprocess
from pathlib import Path

from events.topics import ALL
from streams.local.prometheus import Prometheus
from tests.unit.deploy.metrics import known_metrics
from tests.unit.deploy.rules import FOLDER, ROOT, RULES, RUNBOOKS, alerts, metrics_in, rules

PAGES = {
    *("DonationOrOptOutWaits", "PermissionsStale", "PartitionStalled", "GatewayErrors", "FencingLoop", "RedisFull"),
    "DiskFull",
}


def promtool(tools: Prometheus, *words: str | Path) -> None:
    done = subprocess.run([tools.promtool, *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong(tools: Prometheus) -> None:
    promtool(tools, "check", "rules", *RULES)
    promtool(tools, "check", "config", FOLDER / "prometheus.yml")


def test_rules_do_what_their_tests_say(tools: Prometheus) -> None:
    promtool(tools, "test", "rules", *sorted((FOLDER / "tests").glob("*.yml")))


def test_every_alert_is_tested() -> None:
    told = "".join(file.read_text() for file in (FOLDER / "tests").glob("*.yml"))
    for alert in alerts():
        assert f"alertname: {alert['alert']}\n        exp_alerts:\n" in told, alert["alert"]


def test_every_metric_in_a_rule_exists() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        assert metrics_in(rule["expr"]) - known_metrics() - recorded == set(), rule


def test_only_what_is_worth_waking_for_pages() -> None:
    assert {alert["alert"] for alert in alerts() if alert["labels"]["severity"] == "page"} == PAGES
    assert {alert["labels"]["severity"] for alert in alerts()} == {"page", "ticket"}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    named = {}
    for alert in alerts():
        page = ROOT / alert["annotations"]["runbook"]
        assert page.read_text().startswith(f"# {alert['alert']} ({alert['labels']['severity']})\n"), page
        named[page] = alert["alert"]
    assert {*RUNBOOKS.glob("*.md")} == {*named, RUNBOOKS / "README.md"}
    table = (RUNBOOKS / "README.md").read_text()
    for page, alert in named.items():
        assert f"[{alert}]({page.name})" in table


def test_the_page_for_what_waits_is_of_the_topics_that_are_urgent() -> None:
    [rule] = [alert for alert in alerts() if alert["alert"] == "DonationOrOptOutWaits"]
    [topics] = re.findall(r'topic=~"([^"]+)"', rule["expr"])
    assert [topic.name for topic in ALL if re.fullmatch(topics, topic.name)] == [
        topic.name for topic in ALL if topic.is_urgent
    ]
