"""An experiment that a deployment knows: two letters of which one makes more people give."""

from datetime import UTC, datetime, timedelta

import orjson

from events.experiment_results import ExperimentResult
from events.json_types import JSON
from sinks.keys import experiment_key
from tests.integration.said import event, fresh, structured
from tests.integration.system import System
from tests.integration.waiting import until

EXPERIMENT = "subject-lines"
PEOPLE = 150
"""Of each variant."""
GIVERS = {"plain": 6, "urgent": 66}
_BEGUN = datetime.now(UTC) - timedelta(days=20)


def tell_of_an_experiment(system: System) -> None:
    """Tell the deployment of an experiment that nobody has defined, and wait for its verdict."""
    for variant, givers in GIVERS.items():
        for number in range(PEOPLE):
            who = assign(system, variant)
            if number < givers:
                gift: dict[str, JSON] = {"donation_id": f"ab:{who}", "amount": 5_000, "currency": "USD"}
                _say(system, "donation-events", "donation.made", who, timedelta(days=1), **gift)
    system.deployment.producer.flush()
    until(lambda: _is_decided(system), "the verdict of the experiment")


def assign(system: System, variant: str) -> str:
    """Give somebody a variant; who it is."""
    who = fresh()
    given: dict[str, JSON] = {"id": EXPERIMENT, "variant": variant}
    _say(system, "outreach-events", "experiment.assigned", who, timedelta(), experiment=given)
    return who


def give(system: System, amount: int) -> str:
    """Have somebody new give so many cents; who it is."""
    who = fresh()
    gift: dict[str, JSON] = {"donation_id": f"large:{who}", "amount": amount, "currency": "USD"}
    _say(system, "donation-events", "donation.made", who, timedelta(days=1), **gift)
    return who


def _say(system: System, topic: str, type_: str, who: str, after: timedelta, **data: JSON) -> None:
    said = event(type_, {"contact_id": who}, **data)
    said["time"] = (_BEGUN + after).isoformat()
    value, headers = structured(said)
    system.deployment.producer.send(topic, value, who.encode(), headers)


def _is_decided(system: System) -> bool:
    found = system.deployment.redis.get(experiment_key(EXPERIMENT))
    if not isinstance(found, bytes):
        return False
    result: ExperimentResult = orjson.loads(found)
    people = {name: each["assigned"] for name, each in result["variants"].items()}
    gave = {name: each["metrics"]["donated"]["sum"] for name, each in result["variants"].items()}
    return people == dict.fromkeys(GIVERS, PEOPLE) and gave == GIVERS and bool(result["comparisons"])
