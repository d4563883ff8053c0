"""The metrics of `audit-log` in a process that writes it, and the log itself for as long as the process runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.permission.audit_log import AuditLog


class AuditMetrics:
    """The metrics of one process, in its registry. `pending`, `failures`: what this process calls them."""

    def __init__(self, registry: CollectorRegistry, pending: str, failures: str) -> None:
        self.pending = Gauge(pending, "Bytes of audit records that Kafka does not have yet", registry=registry)
        self.failures = Counter(
            failures, "Sendings of audit records that failed and are tried again", registry=registry
        )


@asynccontextmanager
async def running_audit_log(settings: Settings, metrics: AuditMetrics) -> AsyncIterator[AuditLog]:
    """Send records for the length of a block; at its end those that wait are sent first, as far as time allows."""
    audit = AuditLog(KafkaClients(settings).idempotent_producer, metrics.pending.set, metrics.failures.inc)
    audit.start()
    try:
        yield audit
    finally:
        await audit.stop()
