"""Reads requests from `rights-requests`, and writes steps of them.

The topic is small and is read whole each time, so what is shown is what Kafka has.
"""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, datetime
from zoneinfo import ZoneInfo

from events.outputs import AuditRecord
from events.times import render_time
from events.topics import RIGHTS_REQUESTS
from streams.domain.rights.requests import RightsDesk, desk_of
from streams.domain.rights.steps import RightsRecord, read_rights_record
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of

_REQUEST_BYTES, _STEP_BYTES = 10, 4
"""Of random bytes: a request cannot be guessed from its count, and two steps of one request have different keys."""


def read_desk(settings: Settings) -> RightsDesk:
    """All requests as they stand. Raises `MissingTopic`, and Kafka's errors."""
    there: dict[str, RightsRecord] = {}
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, RIGHTS_REQUESTS):
            key = (record.key or b"").decode(errors="replace")
            said = read_rights_record(record.key, record.value)
            if said is not None:
                there[key] = said
            elif record.value is None:
                there.pop(key, None)
    return desk_of(there.items())


def write_records(settings: Settings, records: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Write records in their order; Kafka has them when it returns. Raises KafkaError."""
    with closing(KafkaClients(settings).tool_producer()) as producer:
        for sent in [producer.send(RIGHTS_REQUESTS, value, key, partition=0) for key, value in records]:
            sent.get()


def today(settings: Settings, now_ms: int) -> date:
    """The day that it is by the deployment's time zone. `now_ms`: since 1970."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(settings.time_zone)).date()


def new_request_id() -> str:
    """An id for a request: 20 hexadecimal digits by chance."""
    return secrets.token_hex(_REQUEST_BYTES)


def new_step_id() -> str:
    """An id for a step, by chance."""
    return secrets.token_hex(_STEP_BYTES)


def audit_of(by: str, ids: Sequence[str], what: str, now: int) -> AuditRecord:
    """The record of `audit-log` that somebody takes a step. `what`: the step, the kind and the request, in words.

    `ids`: each by which the person goes, so that it is found under each of them where they are parted later.
    """
    return {
        "request": secrets.token_hex(16),
        "at": render_time(now),
        "team": by,
        "what": "rights",
        "channel": None,
        "purpose": None,
        "campaign_id": None,
        "policy_version": None,
        "answers": [{"contact_id": each, "decision": None, "reason": "rights"} for each in ids],
        "detail": what,
    }
