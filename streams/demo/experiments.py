"""The demo's experiments: their definitions, and whether each result agrees with the oracle's."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from kafka import KafkaProducer
from redis import Redis

from events.experiments import ExperimentDefinition
from events.topics import EXPERIMENT_DEFINITIONS
from sinks.keys import experiment_key
from streams.demo.check import Difference, compare_experiments
from streams.demo.evening import EXPERIMENT, WINDOW
from streams.demo.mailing import SUBJECTS
from streams.demo.recount_experiments import Arm
from streams.demo.source_system import HOUR
from streams.demo.truth import Sent
from streams.demo.volunteering import CALLS
from streams.domain.experiments.definition_records import definition_record

Truth = Mapping[str, Mapping[str, Arm]]
"""The sums over all people, by experiment and variant, as the oracle has them."""

_WAIT_S, _LOOK_AGAIN_S = 30.0, 0.2
_HALVES = {"A": 1, "B": 1}
_EXPECTED = 1_000
"""The people that each experiment is tuned for."""


def plans_of(sent: Iterable[Sent]) -> list[ExperimentDefinition]:
    """The definition of each experiment that any of these interactions carries, by id."""
    names = {one.fields["experiment"]["id"] for one in sent if "experiment" in one.fields}
    return [_plan(name) for name in sorted(names)]


def _plan(name: str) -> ExperimentDefinition:
    if name == CALLS:
        said: dict[str, Any] = {
            "metrics": ("contacted", "support", "donated", "net_amount", "unsubscribed"),
            "owner": "research",
            "hypothesis": "More people are reached in the evening (B) than at noon (A).",
        }
    else:
        mailing = name.removeprefix(SUBJECTS)
        said = {
            "metrics": ("opened", "clicked", "unsubscribed", "complained"),
            "owner": "finance" if mailing.startswith("ask") else "digital",
            "hypothesis": f"The second subject (B) of {mailing} is opened more often than the first (A).",
        }
    if name == EXPERIMENT:
        said["window"] = f"{WINDOW // HOUR}h"
    return ExperimentDefinition.model_validate({"id": name, "variants": _HALVES, "tuned_for": _EXPECTED, **said})


def define(producer: KafkaProducer, partitions: int, plans: Iterable[ExperimentDefinition]) -> None:
    """Publish these definitions to every partition, before anybody is assigned."""
    for plan in plans:
        key, value = definition_record(plan)
        for number in range(partitions):
            producer.send(EXPERIMENT_DEFINITIONS, value, key, partition=number)
    producer.flush()


def wrong_results(redis: Redis, truth: Truth) -> list[Difference]:
    """How the results in Redis differ from the truth; asked again for up to 30 s, since they are written last."""
    deadline = time.monotonic() + _WAIT_S
    while (found := _differences(redis, truth)) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_S)
    return found


def _differences(redis: Redis, truth: Truth) -> list[Difference]:
    return compare_experiments(truth, dict(results_in_redis(redis, truth)))


def results_in_redis(redis: Redis, names: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The result of each of these experiments that has one in Redis."""
    for name in names:
        if (value := redis.get(experiment_key(name))) is not None:
            yield name, orjson.loads(value)
