"""Records of `audit-log` about permissions that commands have answered: about one person, or a list by counts."""

import secrets
from collections.abc import Iterable, Mapping

import orjson
from kafka.errors import KafkaError

from events.outputs import AuditedDecision, AuditRecord
from events.times import render_time
from events.topics import AUDIT_LOG
from streams.domain.pressure import PermissionRequest
from streams.platform.clients import KafkaClients
from streams.platform.errors import HiddenTopic, KafkaAway
from streams.platform.settings import Settings

PATIENCE_S = 10.0


def permission_record(
    request: PermissionRequest, policy_version: str, now: int, answers: Iterable[AuditedDecision] = ()
) -> AuditRecord:
    """The record of a request that was answered now, ms since 1970."""
    record: AuditRecord = {
        "request": secrets.token_hex(16),
        "at": render_time(now),
        "team": request.team,
        "what": "permission",
        "channel": request.channel,
        "purpose": request.purpose,
        "campaign_id": request.campaign_id,
        "policy_version": policy_version,
        "answers": [*answers],
    }
    if request.automatic is not None:
        record["automatic"] = request.automatic
    return record


def list_record(
    request: PermissionRequest, policy_version: str, now: int, counts: Mapping[tuple[str, str], int]
) -> AuditRecord:
    """The record of a list: rows by decision and reason, and nothing of who is in it."""
    record = permission_record(request, policy_version, now)
    record["counts"] = [
        {"decision": decision, "reason": reason, "rows": rows} for (decision, reason), rows in sorted(counts.items())
    ]
    return record


def send_record(settings: Settings, record: AuditRecord) -> str | None:
    """Send a record to `audit-log`; returns why that could not be done, or None. Blocks."""
    try:
        kafka = KafkaClients(settings)
        if not kafka.partitions_of(AUDIT_LOG):
            return f"there is no topic {AUDIT_LOG}: run `harmonia topics create`"
        producer = kafka.tool_producer()
        try:
            producer.send(AUDIT_LOG, orjson.dumps(record)).get(PATIENCE_S)
        finally:
            producer.close(PATIENCE_S)
    except HiddenTopic as error:
        return str(error)
    except (KafkaError, KafkaAway) as error:
        return f"Kafka: {type(error.__cause__ or error).__name__}"
    return None
