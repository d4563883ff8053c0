"""`/` does not say that nothing is wrong before anybody has looked."""

from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from sinks.lookup import Lookup
from sinks.reservations import Reservations
from streams.domain.pressure import Policy, default_policy_text, read_policy
from streams.operations.status.observations import Observations
from streams.platform.settings import Settings
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.metrics import ConsoleMetrics
from streams.services.console.observer import StatusObserver
from streams.services.console.page import PageRequest
from streams.services.console.pages.needs import load_needs
from streams.services.console.people import People
from streams.services.console.rendering import render
from streams.services.console.rights import Viewer
from streams.services.console.views import Views
from streams.services.console.words import Words
from streams.services.permission.audit_log import AuditLog
from streams.services.permission.decisions import PermissionJudge

NOW = 1_352_254_440_000


def look() -> Observations:
    raise OSError("Kafka and Redis are away")


def policy() -> Policy:
    found = read_policy(default_policy_text())
    assert isinstance(found, Policy)
    return found


def no_producer() -> AIOKafkaProducer:
    raise AssertionError("nothing is sent")


async def reserve_nobody(_: int) -> None:
    raise AssertionError("nobody is reserved")


async def test_before_kafka_and_redis_were_looked_at_nobody_is_told_that_nothing_needs_them() -> None:
    settings, metrics, redis = Settings(), ConsoleMetrics(CollectorRegistry()), Redis()
    lookup, observer = Lookup(redis, 15), StatusObserver(look)
    audit = AuditLog(no_producer, metrics.audit.pending.set, metrics.audit.failures.inc)
    judge = PermissionJudge(lookup, Reservations(redis), policy, lambda: NOW, reserve_nobody)
    deps = ConsoleDependencies(
        settings=settings,
        redis=redis,
        people=People({}),
        clock=lambda: NOW,
        wall=lambda: NOW,
        metrics=metrics,
        observer=observer,
        lookup=lookup,
        judge=judge,
        views=Views(audit, lambda: NOW),
    )
    asked = PageRequest(Viewer("ada", frozenset({"operations"})), Words("en"), NOW, {}, deps)
    try:
        loaded = await load_needs(asked)
    finally:
        await observer.stop()
        await redis.aclose()
    shown = render("tonight_needs.html", asked, loaded.data)
    assert "Whether everything flows is not known yet" in shown
    assert "This console has no desk" in shown
    assert "Nothing needs you now" not in shown
