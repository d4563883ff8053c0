"""What a worker says of itself over HTTP: enough to run it, and nothing of anybody."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from events.identity_links import EdgeEnd, edge_between, write_link
from events.interactions.canvass import Method
from events.interactions.canvass import Outcome as CanvassOutcome
from events.refusal import Reason
from events.registry import MODELS
from events.rights_requests import RIGHTS_KINDS
from events.segments import ChangeCause
from events.topics import AGENTS, ALL, SINKS
from streams.domain.pressure import default_policy
from streams.worker.agents.experiments.alerts import Rule
from streams.worker.measuring.label_names import is_team
from streams.worker.measuring.takeover import REASONS
from tests.integration.command import environment_of, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, ask, until_in_redis
from tests.integration.waiting import until
from tests.unit.worker.test_monitors import PROMISED

NAMED = {
    *(name.removesuffix("_total") for name in PROMISED),
    *("harmonia_source_quarantined_since_seconds", "harmonia_quarantine_waiting_records", "harmonia_rights_requests"),
    *("process_virtual_memory_bytes", "process_resident_memory_bytes", "process_start_time_seconds"),
    *("process_cpu_seconds", "process_open_fds", "process_max_fds"),
}
WORDS = {
    "topic": {topic.name for topic in ALL},
    "outcome": {
        *("accepted", "refused", "held", "applied", "duplicate", "full", "in_vain", *get_args(CanvassOutcome)),
        *("committed", "stale", "fenced", "trouble"),
    },
    "method": set(get_args(Method)),
    "currency": {"USD"},
    "flow": {"given", "returned"},
    "act": {"open", "click"},
    "change": {"up", "down"},
    "type": set(MODELS),
    "stage": {"intake", "contacts"},
    "reason": {*(reason.value for reason in Reason), *REASONS},
    "agent": {*AGENTS},
    "status": {"running", "ended", "recounting"},
    "campaign": {"named", "none"},
    "kind": {"seen", "unseen", "said", "unsaid", "erased", "forgotten", "overdue", "refused", *RIGHTS_KINDS},
    "state": {"open", "overdue"},
    "finding": {"crowded", "disputed", "overruled", "saturated"},
    "sink": {*SINKS},
    "rule": set(get_args(Rule)),
    "cause": set(get_args(ChangeCause)),
}


@pytest.fixture(scope="module")
def somebody(system: System) -> str:
    """A contact_id of whom one interaction was applied, one came twice and one was refused."""
    contact_id = fresh()
    contact = {"contact_id": contact_id, "email": f"{contact_id}@example.org", "phone": "+12125550123"}
    producer, good = system.deployment.producer, structured(event("email.opened", {**contact}))[0]
    for value in (good, good, structured(event("email.sent", {**contact}, message_id=None))[0]):
        producer.send("email-events", value).get(30)
    until_in_redis(system, contact_id)
    until(lambda: system.metric("harmonia_end_to_end_seconds_count", sink="redis") > 0, "the time to Redis observed")
    key, link = write_link(edge_between(contact_id, EdgeEnd(contact_id), EdgeEnd(contact_id)))
    producer.send("identity-links", link, key).get(30)
    until(lambda: system.metric("harmonia_identity_links_total", kind="seen") > 0, "what was said of links")
    until(lambda: system.metric("harmonia_dead_letters_total", stage="intake", reason="invalid_data") > 0, "a refusal")
    until(lambda: system.metric("harmonia_duplicates_total") > 0, "a duplicate")
    return contact_id


def families(system: System) -> list[Metric]:
    return list(text_string_to_metric_families(ask(system.workers.addresses[0])[1]))


def test_each_metric_says_what_came_in(system: System, somebody: str) -> None:
    assert {family.name for family in families(system) if not family.name.endswith("_created")} == NAMED
    assert all(family.documentation for family in families(system))
    assert system.metric("harmonia_interactions_total", topic="email-events", outcome="accepted") == 2
    assert system.metric("harmonia_interactions_total", topic="email-events", outcome="refused") == 1
    assert system.metric("harmonia_interactions_total", topic="interactions", outcome="applied") == 1
    assert system.metric("harmonia_interactions_total", topic="interactions", outcome="duplicate") == 1
    assert system.metric("harmonia_dead_letters_total", stage="intake", reason="invalid_data") == 1
    assert system.metric("harmonia_duplicates_total") == 1
    assert system.metric("harmonia_end_to_end_seconds_count", sink="redis") == 1
    for agent in ("intake", "contacts", "links", "redis"):  # those of which something was said
        until(partial(_has_worked, system, agent), f"a chunk of {agent}")


def test_lag_is_there_for_each_partition_and_falls_to_nothing(system: System, somebody: str) -> None:
    def lags() -> dict[tuple[str, str], float]:
        [family] = [family for family in families(system) if family.name == "harmonia_lag_records"]
        return {(one.labels["topic"], one.labels["partition"]): one.value for one in family.samples}

    found = until(lambda: read if (read := lags()) and not any(read.values()) else None, "no lag anywhere")
    for topic in ("email-events", "contact-commands", "interactions", "contact-state"):
        assert {partition for name, partition in found if name == topic} == {str(number) for number in range(8)}


def test_labels_are_bounded_and_nobody_is_named(system: System, somebody: str) -> None:
    for family in families(system):
        for one in family.samples:
            assert one.labels.pop("deployment") == system.settings.topic_prefix
            for name, value in one.labels.items():
                assert bounded(name, value, system.settings.partitions), f"{one.name}: {name}={value}"
    text = ask(system.workers.addresses[0])[1]
    assert somebody not in text
    assert not re.search(r"@|example|[0-9a-f]{32}", text)


def _has_worked(system: System, agent: str) -> bool:
    return system.metric("harmonia_chunk_seconds_count", agent=agent) >= 1


def bounded(name: str, value: str, partitions: int) -> bool:
    if name == "partition":
        return value.isdigit() and int(value) < partitions
    if name == "le":
        return value == "+Inf" or float(value) >= 0
    if name == "version":
        return value == default_policy().version
    if name == "team":
        return is_team(value)
    return value in WORDS[name]


def test_a_worker_is_ready_only_when_it_works_on_its_partitions(tmp_path: Path, system: System) -> None:
    """A second worker, whose partitions have to come from the first."""
    settings = on(system.stack, HARMONIA_STATE_DIR=str(tmp_path / "state"), PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "worker"],
        env=environment_of(tmp_path, settings),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as worker:
        try:
            assert worker.stdout is not None
            found = re.search(r"metrics on (\S+)/metrics", worker.stdout.readline())
            assert found is not None
            early = [ask(f"{found[1]}/{path}")[0] for path in ("livez", "readyz")]
            assert "working on" in worker.stdout.readline()
            assert early == [200, 503]
            assert ask(f"{found[1]}/readyz") == (200, "ready\n")
            assert ask(f"{found[1]}/livez") == (200, "alive\n")
        finally:
            worker.terminate()
            assert worker.wait(30) == 0
