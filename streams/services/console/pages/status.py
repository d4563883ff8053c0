"""`/status`: whether everything flows, what is wrong, and what to do about it."""

from streams.operations.status.alert_rules import findings
from streams.operations.status.observations import KafkaObservation, RedisObservation
from streams.services.console.page import Block, Loaded, Page, PageRequest


async def load_findings(asked: PageRequest) -> Loaded:
    """Alerts that hold now, pages first."""
    seen = asked.deps.observer.last()
    if seen is None:
        return Loaded({"looking": True, "findings": []}, asked.now_ms)
    return Loaded({"looking": False, "findings": findings(seen)}, seen.at)


async def load_flows(asked: PageRequest) -> Loaded:
    """The topics that workers read, and how far behind they are."""
    seen = asked.deps.observer.last()
    kafka = seen.kafka if seen is not None else None
    redis = seen.redis if seen is not None else None
    return Loaded(
        {
            "kafka": kafka if isinstance(kafka, KafkaObservation) else None,
            "redis": redis if isinstance(redis, RedisObservation) else None,
        },
        asked.now_ms if seen is None else seen.at,
    )


STATUS = Page(
    path="/status",
    name="status",
    title="Status",
    act="see_status",
    blocks=(
        Block("findings", 10, load_findings, "status_findings.html", "What needs you"),
        Block("flows", 10, load_flows, "status_flows.html", "What flows"),
    ),
)
PAGES = (STATUS,)
