"""Writes to the topics that `harmonia sink postgres` copies, in place of workers."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from events.topics import (
    CONTACT_LINKS,
    CONTACT_SEGMENTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_COUNTS,
    SEGMENT_DEFINITIONS,
)
from sinks.keys import partition_of
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

PARTITIONS = 3
PEOPLE = [f"c-{number}" for number in range(60)]
AT = "2012-02-22T10:00:00.000Z"


class Sayer:
    """Writes to all of the topics what workers would, one step of each person's life after the other."""

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaClients(settings).tool_producer()
        self._chance = random.Random(25)
        self._version = 0

    def tell(self, count: int) -> None:
        for _ in range(count):
            self._version += 1
            self._step(self._chance.choice(PEOPLE))
        self._producer.flush()

    def close_to(self, names: Sequence[str]) -> None:
        """Say of these that nobody may write to them, all in one partition."""
        for name in names:
            closed = {"reason": "complained", "since": AT, "source": "s", "id": name}
            self._send(CONTACT_SUPPRESSIONS, name, {"email": closed}, partition=0)
        self._producer.flush()

    def _step(self, name: str) -> None:
        version, chance = self._version, self._chance
        match chance.choice(
            ["lives", "lives", "lives", "gone", "linked", "alone", "closed", "open", "segments", "sums"]
        ):
            case "lives":
                self._send(CONTACT_STATE, name, _profile(name, version), version)
            case "gone":
                self._send(CONTACT_STATE, name, None, version, ("reason", b"erased"))
            case "linked":
                survivor = chance.choice(PEOPLE)
                told = [("reason", b"merged"), ("merged_into", survivor.encode())]
                self._send(CONTACT_STATE, name, None, version, *told)
                self._send(CONTACT_LINKS, name, {"merged_into": survivor}, version)
            case "alone":
                self._send(CONTACT_STATE, name, _profile(name, version), version)
                self._send(CONTACT_LINKS, name, None, version)
            case "closed":
                until = {"until": "2999-01-01T00:00:00.000Z"} if version % 2 else {}
                closed = {"reason": "complained", "since": AT, "source": "s", "id": str(version), **until}
                self._send(CONTACT_SUPPRESSIONS, name, {"email": closed})
            case "open":
                self._send(CONTACT_SUPPRESSIONS, name, None)
            case "segments":
                held = {each: {"since": AT, "edition": "e"} for each in chance.sample(["a", "b", "c"], 2)}
                self._send(CONTACT_SEGMENTS, name, {"version": version, "as_of": AT, "segments": held})
            case "sums":
                self._sums(version)

    def _sums(self, version: int) -> None:
        variants = {"A": {"assigned": version, "metrics": {"donated": {"sum": version, "mean": 0.5}}}}
        compared = {
            "metric": "donated",
            "variant": "B",
            "baseline": "A",
            "effect": version / 8,
            "low": -0.5,
            "high": 0.5,
        }
        judged = {"level": 0.95, "p_always_valid": 0.25, "e_value": 0.5, "discovery": False, "provisional": True}
        ratio = {"p_always_valid": 1.0, "broken": False}
        result = {
            "experiment": f"x{version % 3}",
            "as_of": AT,
            "status": "running",
            "contaminated": 0,
            "currency": "USD",
            "variants": variants,
            "comparisons": [{**compared, **judged}],
            "sample_ratio": ratio,
            "guardrails": [],
        }
        self._send(EXPERIMENT_RESULTS, f"x{version % 3}", result)
        count = {"edition": "e", "state": "complete", "members": version, "entered": 1, "left": 2, "as_of": AT}
        for partition in range(PARTITIONS):
            self._send(SEGMENT_COUNTS, "a", count, partition=partition)
            definition = {"id": "a", "owner": f"team-{version}", "members": False, "all": []}
            self._send(SEGMENT_DEFINITIONS, "a", definition, partition=partition)

    def _send(
        self,
        topic: str,
        key: str,
        value: Mapping[str, Any] | None,
        version: int | None = None,
        *headers: tuple[str, bytes],
        partition: int | None = None,
    ) -> None:
        told = [*headers, *([] if version is None else [("version", b"%d" % version)])]
        where = partition_of(key, PARTITIONS) if partition is None else partition
        self._producer.send(topic, None if value is None else orjson.dumps(value), key.encode(), told, where)


def _profile(name: str, version: int) -> dict[str, Any]:
    money = {"USD": version * 101, "JPY": version}
    return {
        "contact_id": name,
        "version": version,
        "first_seen": AT,
        "last_seen": None,
        "donations": {"count": version, "gross": money, "refunded": {}, "net": money, "pledges": []},
        "touches": [
            {"channel": "door", "purpose": "informational", "at": AT, "team": "field", "source": "s", "id": "1"}
        ],
        "tags": ["Zürich", "a\0b"],
    }
