"""Rules ask for metrics that exist and lead to what is there; lists of rights are what topics make of them."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from events.topics import ALL, Program, TopicSpec
from streams.local.prometheus import Prometheus
from streams.operations import acl
from streams.platform.settings import Settings
from streams.platform.topics import topics_read_by_workers
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


# `deploy/acl/kafka.acl` is what the list of topics makes of it.
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
