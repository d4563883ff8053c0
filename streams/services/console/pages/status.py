"""`/status`: whether everything flows, what is wrong, and what to do about it; `/status/{runbook}`: a runbook."""

from typing import NamedTuple

from events.topics import INPUT_TOPICS
from streams.operations.status.alert_rules import UNSEEN, findings, runbook_name, verdict_message
from streams.operations.status.observations import KafkaObservation, RedisObservation, TopicFlow
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest
from streams.services.console.runbooks import NAME, Runbook, runbook

EVERY_S, STALE_S = 2, 45
"""A look is taken every ten seconds, and takes ten itself while Kafka is away; what it found is shown at once."""


class UnseenAlert(NamedTuple):
    """An alert that only Prometheus sees, and the name of its runbook."""

    alert: str
    runbook: str


async def load_findings(asked: PageRequest) -> Loaded:
    """The verdict, and the alerts that hold now, pages first."""
    seen = asked.deps.observer.last()
    if seen is None:
        return Loaded({"verdict": None, "findings": [], "unseen": []}, asked.wall_ms)
    found = findings(seen)
    unseen = [UnseenAlert(alert, runbook_name(alert)) for alert in UNSEEN]
    return Loaded({"verdict": verdict_message(found), "findings": found, "unseen": unseen}, seen.at)


async def load_flows(asked: PageRequest) -> Loaded:
    """The topics that workers read, how far behind they are, and what was refused."""
    seen = asked.deps.observer.last()
    if seen is None:
        return Loaded(
            {"kafka": None, "flows": [], "redis": None, "seen": None, "refused": 0, "processes": ()}, asked.wall_ms
        )
    kafka = seen.kafka if isinstance(seen.kafka, KafkaObservation) else None
    redis = seen.redis if isinstance(seen.redis, RedisObservation) else None
    data = {
        "kafka": kafka,
        "flows": [] if kafka is None else shown_flows(kafka),
        "redis": redis,
        "seen": seen,
        "processes": seen.processes,
        "refused": 0 if kafka is None else sum(kafka.refused.values()),
    }
    return Loaded(data, seen.at)


def shown_flows(kafka: KafkaObservation) -> list[TopicFlow]:
    """The flows of input topics and of `interactions`, and those others in which something waits or nobody works."""
    names = {topic.name for topic in INPUT_TOPICS} | {"interactions"}
    return [flow for flow in kafka.flows if flow.topic in names or flow.lag or flow.unowned]


async def enter_runbook(asked: PageRequest) -> Runbook:
    """The runbook of the page."""
    found = runbook(asked.params["runbook"])
    if found is None:
        raise PageRefused.not_found()
    return found


STATUS = Page(
    path="/status",
    name="status",
    title="Status",
    menu="Operations",
    act="see_status",
    blocks=(
        Block("findings", EVERY_S, load_findings, "status_findings.html", "What needs you", STALE_S),
        Block("flows", EVERY_S, load_flows, "status_flows.html", "What flows", STALE_S),
    ),
)
RUNBOOK = Page(
    path="/status/{runbook}",
    name="runbook",
    title="Runbook",
    act="see_tonight",
    blocks=(),
    params={"runbook": NAME},
    enter=enter_runbook,
    template="runbook.html",
)
PAGES = (STATUS, RUNBOOK)
