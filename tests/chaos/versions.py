"""A contact's versions come from one counter, whatever topic a record is for: none is missing, none is there twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from events.topics import CONTACT_FRAGMENTS, CONTACT_LINKS, CONTACT_STATE
from streams.demo.deployment import Deployment
from streams.demo.read_back import records_of, versions_in_redis
from streams.domain.contact import decode
from streams.domain.contact.identity.identity_assignment import trace_key

Versions = dict[bytes, list[int]]
"""By key: of each record that a reader saw, in the order in which it saw them."""


def wrong_versions(deployment: Deployment, table: Mapping[bytes, bytes]) -> Iterator[str]:
    """What readers saw twice, in another order or not at all, and where table and Redis say otherwise."""
    told: Versions = defaultdict(list)
    for topic in (CONTACT_STATE, CONTACT_LINKS, CONTACT_FRAGMENTS):
        for key, versions in _versions_in(deployment, topic).items():
            if versions != sorted(versions):
                yield f"{topic}: readers saw the versions {versions} of {key.decode()}"
            told[key.rpartition(b"/")[2]] += versions
    for contact, versions in told.items():
        if sorted(versions) != list(range(1, len(versions) + 1)):
            yield f"readers saw the versions {sorted(versions)} of {contact.decode()} in all topics together"
        if (held := _version_in(table, contact)) != max(versions):
            yield f"table: version {held} of {contact.decode()}, readers saw {max(versions)}"
    yield from _otherwise_in_redis(deployment)


def _versions_in(deployment: Deployment, topic: str) -> Versions:
    found: Versions = defaultdict(list)
    for record in records_of(deployment.consumer, topic):
        found[record.key].append(_version_of(record))
    return found


def _version_of(record: Any) -> int:
    return int(dict(record.headers)["version"])


def _version_in(table: Mapping[bytes, bytes], contact: bytes) -> int | None:
    """Also of one of whom nothing is known, whose counter is kept under another key."""
    value = table.get(contact) or table.get(trace_key(contact.decode()))
    return None if value is None else decode(value).version


def _otherwise_in_redis(deployment: Deployment) -> Iterator[str]:
    latest = {record.key: record for record in records_of(deployment.consumer, CONTACT_STATE)}
    shown = {key: _version_of(record) for key, record in latest.items() if record.value is not None}
    in_redis = versions_in_redis(deployment.redis, shown)
    for key, version in shown.items():
        if (said := orjson.loads(latest[key].value)["version"]) != version:
            yield f"contact-state: version {said} in the profile of {key.decode()}, {version} beside it"
        if in_redis.get(key) != version:
            yield f"redis: version {in_redis.get(key)} of {key.decode()}, contact-state has {version}"
