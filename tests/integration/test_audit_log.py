"""What was answered is written down, also when Kafka was away meanwhile."""

import asyncio

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from events.outputs import AuditRecord
from events.topics import AUDIT_LOG
from streams.demo.deployment import open_deployment
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from streams.services.permission import audit_log
from streams.services.permission.audit_log import AuditLog, AuditUnavailable
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.integration.tap import tapped

SIZE = 600
PATIENCE_S = 30


def record(request: str) -> AuditRecord:
    return {
        "request": request,
        "at": "2026-02-04T17:00:00.000Z",
        "team": "digital",
        "what": "read",
        "channel": None,
        "purpose": None,
        "campaign_id": None,
        "policy_version": None,
        "answers": [{"contact_id": "a" * 300, "decision": None, "reason": "found"}],
    }


class Counted:
    """Producers of a broker that is not there at first, and what was told."""

    def __init__(self, stack: Stack, attempts_in_vain: int) -> None:
        self._there = KafkaClients(settings_of(stack))
        self._nowhere = KafkaClients(settings_of(stack).model_copy(update={"kafka_bootstrap": "127.0.0.1:1"}))
        self._in_vain = attempts_in_vain
        self.failures = 0
        self.pending = 0.0
        self.failed_once = asyncio.Event()

    def producer(self) -> AIOKafkaProducer:
        return (self._nowhere if self.failures < self._in_vain else self._there).idempotent_producer()

    def failed(self) -> None:
        self.failures += 1
        self.failed_once.set()

    def pend(self, size: float) -> None:
        self.pending = size


async def test_what_was_handed_over_while_kafka_was_away_arrives_afterwards(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "LAST_WAIT_S", PATIENCE_S)
    requests = [fresh() for _ in range(3)]
    with open_deployment(settings_of(stack)) as deployment, tapped(deployment.settings, AUDIT_LOG) as log:
        told = Counted(stack, attempts_in_vain=2)
        kept = AuditLog(told.producer, told.pend, told.failed)
        kept.start()
        for request in requests:
            kept.hand(record(request))
        assert told.pending > 0
        await asyncio.wait_for(told.failed_once.wait(), PATIENCE_S)
        await kept.stop()
        assert (told.failures, told.pending) == (2, 0)
        records = log.until(lambda seen: len(seen) >= len(requests), "the records")
    assert {orjson.loads(one.value or b"")["request"] for one in records} == {*requests}


async def test_more_than_the_limit_is_not_taken(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "LAST_WAIT_S", 0.01)
    told = Counted(stack, attempts_in_vain=1_000)
    kept = AuditLog(told.producer, told.pend, told.failed, most_bytes=2 * SIZE)
    kept.start()
    kept.hand(record(fresh()))
    before = told.pending
    kept.hand(record(fresh()))
    with pytest.raises(AuditUnavailable):
        kept.hand(record(fresh()))
    assert told.pending == 2 * before
    await kept.stop()


async def test_a_record_that_is_waited_for_is_in_kafka_when_the_wait_is_over(stack: Stack) -> None:
    with open_deployment(settings_of(stack)) as deployment, tapped(deployment.settings, AUDIT_LOG) as log:
        told = Counted(stack, attempts_in_vain=0)
        kept = AuditLog(told.producer, told.pend, told.failed)
        kept.start()
        request = fresh()
        await asyncio.wait_for(kept.write(record(request)), PATIENCE_S)
        assert told.pending == 0
        await kept.stop()
        records = log.until(lambda seen: len(seen) >= 1, "the record")
    assert request in {orjson.loads(one.value or b"")["request"] for one in records}


async def test_whoever_waits_for_a_record_is_told_when_kafka_does_not_take_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "WRITE_S", 0.5)
    monkeypatch.setattr(audit_log, "LAST_WAIT_S", 0.01)
    told = Counted(stack, attempts_in_vain=1_000)
    kept = AuditLog(told.producer, told.pend, told.failed)
    kept.start()
    with pytest.raises(AuditUnavailable):
        await kept.write(record(fresh()))
    await kept.stop()
