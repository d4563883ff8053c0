"""What was answered about a list, written to `audit-log` as the API does it: counts by reason, no rows."""

import secrets

import orjson
from kafka.errors import KafkaError

from events.outputs import AuditRecord
from events.times import render_time
from events.topics import AUDIT_LOG
from streams.platform.clients import KafkaClients
from streams.services.audience_filter.chunk_filter import FilterJob
from streams.services.audience_filter.filtering import FilterSummary

PATIENCE_S = 10.0


def record_of(summary: FilterSummary, job: FilterJob, now: int) -> AuditRecord:
    """The record of a list; `now`: ms since 1970."""
    request = job.request
    return {
        "request": secrets.token_hex(16),
        "at": render_time(now),
        "team": request.team,
        "what": "permission",
        "channel": request.channel,
        "purpose": request.purpose,
        "campaign_id": request.campaign_id,
        "policy_version": job.policy.version,
        "answers": [],
        "counts": [
            {"decision": decision, "reason": reason, "rows": rows}
            for (decision, reason), rows in sorted(summary.reasons.items())
        ],
    }


def write_down(job: FilterJob, record: AuditRecord) -> str | None:
    """Send a record; why that could not be done, or None."""
    try:
        kafka = KafkaClients(job.settings)
        if not kafka.partitions_of(AUDIT_LOG):
            return f"there is no topic {AUDIT_LOG}: run `harmonia topics create`"
        producer = kafka.tool_producer()
        try:
            producer.send(AUDIT_LOG, orjson.dumps(record)).get(PATIENCE_S)
        finally:
            producer.close(PATIENCE_S)
    except KafkaError as error:
        return f"Kafka: {type(error).__name__}"
    return None
