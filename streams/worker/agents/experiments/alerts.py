"""What people are alerted to of an experiment: a split that is not as planned, and harm; each once."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from msgspec.structs import replace

from events.experiment_results import Guardrail
from events.outputs import SystemAlert
from streams.domain.experiments.evaluation_results import CaseEvaluation, Evaluation
from streams.domain.experiments.experiment_table import Experiment
from streams.domain.experiments.result_documents import is_broken
from streams.worker.agents.contacts.alert_records import alert_id

Rule: TypeAlias = Literal["experiment_split_broken", "experiment_guardrail"]
"""What each means is in `docs/alerts.md`."""


class Alarm(NamedTuple):
    """`what`: by which it is told once. `detail`: in words."""

    what: str
    rule: Rule
    detail: str


def alarms_of(seen: CaseEvaluation, found: Evaluation, guardrails: Iterable[Guardrail], most_p: float) -> list[Alarm]:
    """What there is to say now. `most_p`: of a guardrail that stands out beside all that are watched."""
    alarms: list[Alarm] = []
    if is_broken(seen):
        people = found.assigned[seen.first : seen.first + len(seen.variants)]
        parts = ", ".join(f"{name} {n:,}" for name, n in zip(seen.variants, people, strict=True))
        alarms.append(Alarm("split", "experiment_split_broken", f"people were not assigned as planned: {parts}"))
    for each in guardrails:
        if each["p_always_valid"] <= most_p:
            metric, variant, more = each["metric"], each["variant"], each["effect"] * 100
            detail = f"{metric}: {variant} has more than {each['baseline']}, {more:+.3g} people of a hundred so far"
            alarms.append(Alarm(_guardrail(variant, metric), "experiment_guardrail", detail))
    return alarms


def told(
    name: str, experiment: Experiment, alarms: Iterable[Alarm], as_of: str
) -> tuple[Experiment, list[tuple[Rule, SystemAlert]]]:
    """What is to be sent of it, each thing once for all that it is judged by, and the experiment that knows of it."""
    before = list(experiment.told)
    alerts: list[tuple[Rule, SystemAlert]] = []
    for what, rule, detail in alarms:
        of = f"{experiment.peaks_of}/{what}"
        if of not in before:
            before.append(of)
            alert: SystemAlert = {
                "alert_id": alert_id(rule, name, "", of, ""),
                "rule": rule,
                "subject": name,
                "at": as_of,
                "evidence": [],
                "detail": detail,
            }
            alerts.append((rule, alert))
    return (replace(experiment, told=tuple(before)), alerts) if alerts else (experiment, [])


def with_told(experiment: Experiment, guardrails: Iterable[Guardrail]) -> list[Guardrail]:
    """Each with whether it is among what was told."""
    if not experiment.told:
        return [{**each, "alerted": False} for each in guardrails]
    of = f"{experiment.peaks_of}/"
    return [
        {**each, "alerted": of + _guardrail(each["variant"], each["metric"]) in experiment.told} for each in guardrails
    ]


def _guardrail(variant: str, metric: str) -> str:
    return f"guardrail/{variant}/{metric}"
