"""Alerts about an experiment, each sent once: people were not assigned as planned, or a guardrail shows harm."""

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


class ExperimentAlarm(NamedTuple):
    """A reason to alert. `what`: the key by which it is sent only once. `detail`: in words."""

    what: str
    rule: Rule
    detail: str


def alarms_of(
    seen: CaseEvaluation, found: Evaluation, guardrails: Iterable[Guardrail], most_p: float
) -> list[ExperimentAlarm]:
    """Reasons to alert now. `most_p`: the p-value at which a guardrail stands out beside all that are watched."""
    alarms: list[ExperimentAlarm] = []
    if is_broken(seen):
        people = found.assigned[seen.first : seen.first + len(seen.variants)]
        parts = ", ".join(f"{name} {n:,}" for name, n in zip(seen.variants, people, strict=True))
        alarms.append(
            ExperimentAlarm("split", "experiment_split_broken", f"people were not assigned as planned: {parts}")
        )
    for each in guardrails:
        if each["p_always_valid"] <= most_p:
            metric, variant, more = each["metric"], each["variant"], each["effect"] * 100
            detail = f"{metric}: {variant} has more than {each['baseline']}, {more:+.3g} people of a hundred so far"
            alarms.append(ExperimentAlarm(_guardrail(variant, metric), "experiment_guardrail", detail))
    return alarms


def new_alerts(
    name: str, experiment: Experiment, alarms: Iterable[ExperimentAlarm], as_of: str
) -> tuple[Experiment, list[tuple[Rule, SystemAlert]]]:
    """Alerts that were not sent yet for what the experiment is judged by, and the experiment with them noted as sent.

    Returns the experiment first.
    """
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


def with_alerted(experiment: Experiment, guardrails: Iterable[Guardrail]) -> list[Guardrail]:
    """The guardrails, each with whether an alert of it was sent."""
    if not experiment.told:
        return [{**each, "alerted": False} for each in guardrails]
    of = f"{experiment.peaks_of}/"
    return [
        {**each, "alerted": of + _guardrail(each["variant"], each["metric"]) in experiment.told} for each in guardrails
    ]


def _guardrail(variant: str, metric: str) -> str:
    return f"guardrail/{variant}/{metric}"
