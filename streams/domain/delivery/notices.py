"""What a record of a topic says to an endpoint: nothing, or one notice with a type and data."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from events.segments import SegmentChange
from events.times import render_time
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_CHANGES,
    SYSTEM_ALERTS,
)
from streams.domain.delivery.endpoints import Endpoint

FORGOTTEN = "contact.forgotten"
_TYPES = {
    SEGMENT_CHANGES: "segment.changed",
    CONTACT_ALERTS: "contact.alert",
    SYSTEM_ALERTS: "system.alert",
    EXPERIMENT_RESULTS: "experiment.changed",
    CONTACT_SUPPRESSIONS: "suppressions.changed",
}
_change = msgspec.json.Decoder(SegmentChange).decode


class SourceRecord(NamedTuple):
    """A record of a topic as far as it matters here. `at`: when the broker appended it, ms."""

    topic: str
    key: bytes | None
    value: bytes | None
    at: int
    reason: str = ""


class Notice(NamedTuple):
    """What is told: `data` in JSON values. `fingerprint`: of an experiment, what of it is told of; else empty.

    `tells_erasure`: it says of a contact that it was erased, and nothing from before. `times`: how often it came.
    """

    type: str
    at: int
    data: Mapping[str, Any]
    fingerprint: str = ""
    tells_erasure: bool = False
    times: int = 1

    def body(self) -> bytes:
        """The body of a webhook."""
        return orjson.dumps({"type": self.type, "timestamp": render_time(self.at), "data": self.data})


def notice_of(endpoint: Endpoint, record: SourceRecord) -> Notice | None:
    """What the endpoint is told of a record; None: nothing, also where it is not of Harmonia's making."""
    try:
        key = (record.key or b"").decode()
        if record.topic == CONTACT_STATE:
            return forgotten(key, record.at) if record.value is None and record.reason == "erased" else None
        if record.topic == CONTACT_SUPPRESSIONS:
            closed = {} if record.value is None else _table(record.value)
            erased = bool(closed) and all(channel["reason"] == "erased" for channel in closed.values())
            return _notice(record, {"contact_id": key, "channels": closed})._replace(tells_erasure=erased)
        return None if record.value is None else _of_value(endpoint, record, key, record.value)
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or none of this shape
        return None


def _of_value(endpoint: Endpoint, record: SourceRecord, key: str, value: bytes) -> Notice | None:
    if record.topic == SEGMENT_CHANGES:
        return _of_change(endpoint, record, _change(value))
    data = _table(value)
    if record.topic == EXPERIMENT_RESULTS:
        if endpoint.experiments and key not in endpoint.experiments:
            return None
        return _of_experiment(record, data)
    rule, _ = data["rule"], data["alert_id"]
    if record.topic == SYSTEM_ALERTS and is_of_identifier(data):
        data.pop("subject", None)
    return _notice(record, data) if not endpoint.rules or rule in endpoint.rules else None


def is_of_identifier(alert: Mapping[str, Any]) -> bool:
    """Whether an alert is of somebody's identifier, whose hash is its subject: nobody is told which."""
    return str(alert["rule"]).startswith("identity_")


def _of_change(endpoint: Endpoint, record: SourceRecord, change: SegmentChange) -> Notice | None:
    if change["cause"] == "erased":
        return forgotten(change["contact_id"], record.at)
    if change["cause"] not in endpoint.causes:
        return None
    if not endpoint.segments:
        return _notice(record, change)
    wanted = {way: [each for each in change[way] if each in endpoint.segments] for way in ("entered", "left")}
    return _notice(record, {**change, **wanted}) if any(wanted.values()) else None


def _of_experiment(record: SourceRecord, data: Mapping[str, Any]) -> Notice:
    """Of a running result what people act on: its status, what was found out, and who is harmed."""
    told = {
        "experiment": data["experiment"],
        "status": data["status"],
        "discoveries": sorted({(one["metric"], one["variant"]) for one in data["comparisons"] if one["discovery"]}),
        "breached": sorted({(one["metric"], one["variant"]) for one in data["guardrails"] if one["breached"]}),
    }
    fingerprint = hashlib.blake2b(orjson.dumps(told), digest_size=8).hexdigest()
    return Notice(_TYPES[record.topic], record.at, {**told, "as_of": data["as_of"]}, fingerprint)


def _table(value: bytes) -> dict[str, Any]:
    said = orjson.loads(value)
    if not isinstance(said, dict):
        raise ValueError("no object")
    return said


def forgotten(contact_id: str, at: int) -> Notice:
    """That somebody is to be forgotten, who was erased at a time."""
    return Notice(FORGOTTEN, at, {"contact_id": contact_id}, tells_erasure=True)


def _notice(record: SourceRecord, data: Mapping[str, Any]) -> Notice:
    return Notice(_TYPES[record.topic], record.at, data)
