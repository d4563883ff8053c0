"""`/experiments` and `/experiments/{id}`: which variant works, warnings first, the verdict in words.

What is shown is the result in Redis, as `harmonia experiments list` and `show` read it.
"""

from collections.abc import Iterator, Mapping, Sequence

import orjson
from msgspec import Struct

from events.experiment_results import ExperimentResult, ExperimentSummary
from events.times import parse_time
from sinks.lookup import Complete, Incomplete
from sinks.results import ResultReply, ResultsReader
from streams.domain.experiments.comparison_history import with_history
from streams.domain.experiments.report.headline import (
    metrics_of,
    primary_of,
)
from streams.domain.experiments.report.summary import warning_messages
from streams.domain.experiments.report.verdicts import (
    headline_message,
    primary_verdicts,
    worst_messages,
)
from streams.domain.messages import CodedMessage, message, visible_message
from streams.services.console import desk_campaigns
from streams.services.console.desk_campaigns import Campaign
from streams.services.console.experiment_views import (
    contacted_rows,
    facts,
    guardrail_rows,
    metric_view,
    over_time,
    people_rows,
    small_variants,
)
from streams.services.console.opens import assigned_opens, mail_opens
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.pages.campaigns import recent
from streams.services.console.rights import FEWEST, Scope, may
from streams.services.permission.decision_messages import incomplete_message

EVERY_S = 5
OPENS_EVERY_S = 30
_ALARMS = frozenset({"experiment.broken_split", "experiment.guardrail_breached"})
"""Warnings that somebody has to act on now."""
_ORDER = {"running": 0, "recounting": 1, "ended": 2}


class ListedExperiment(Struct, frozen=True):
    """A line of the list. `worst`: what speaks against trusting or sending any variant."""

    id: str
    status: CodedMessage
    people: int
    warnings: int
    as_of_ms: int | None
    worst: Sequence[CodedMessage]
    headline: CodedMessage


async def load_list(asked: PageRequest) -> Loaded:
    """All experiments that have a result: the worst first, then those that run."""
    _require_whole(asked.viewer.scope)
    seen = await _reader(asked).all()
    summaries: list[ExperimentSummary] = [orjson.loads(line) for line in seen.lines.values()]
    found = sorted(map(listed, summaries), key=lambda one: (not one.worst, one.id))
    found.sort(key=lambda one: (not one.worst, _ORDER.get(one.status.code.partition(".")[2], 0)))
    data = {"found": found, "lacking": _lacking(seen.standing, asked), "by_clock": asked.by_clock}
    return _loaded(data, seen.standing, (one.as_of_ms for one in found))


def listed(summary: ExperimentSummary) -> ListedExperiment:
    """The line of one experiment."""
    return ListedExperiment(
        id=summary["experiment"],
        status=message(f"status_of.{summary['status']}"),
        people=summary["assigned"],
        warnings=summary["warnings"],
        as_of_ms=parse_time(summary["as_of"]),
        worst=tuple(worst_messages(summary)),
        headline=headline_message(summary),
    )


async def enter(asked: PageRequest) -> None:
    """Refuse an experiment that has no result; while Redis lacks something nobody knows, and the page says so."""
    seen = await _reader(asked).one(asked.params["experiment"])
    if seen.value is None and isinstance(seen.standing, Complete):
        raise PageRefused(404, "No result of this experiment", "The list of experiments names those that have one.")


async def load_warnings(asked: PageRequest) -> Loaded:
    """What is to be known first, worst first."""
    seen, result = await _result(asked)
    found = [
        (each, "alarm" if each.code in _ALARMS else "caution")
        for each in map(visible_message, warning_messages(result))
    ]
    return _shown({"found": found, "lacking": _lacking(seen.standing, asked)}, seen, result)


async def load_verdict(asked: PageRequest) -> Loaded:
    """The verdict in words, the interval plot of the primary metric, and how it went over time."""
    seen, result = await _result(asked)
    primary, too_few = primary_of(result), small_variants(result)
    shown = primary is not None and not too_few
    data = {
        "verdicts": () if too_few else primary_verdicts(result),
        "too_few": too_few,
        "fewest": FEWEST,
        "metric": metric_view(result, primary, asked.words) if primary is not None and shown else None,
        "over_time": list(over_time(with_history(result, result), asked.words, asked.by_clock)) if shown else [],
        "facts": list(facts(result, asked.words, asked.by_clock)),
    }
    return _shown(data, seen, result)


async def load_figures(asked: PageRequest) -> Loaded:
    """People by variant, and every other metric."""
    seen, result = await _result(asked)
    primary = primary_of(result)
    others = () if small_variants(result) else [name for name in metrics_of(result) if name != primary]
    data = {
        "people": list(people_rows(result, asked.words)),
        "metrics": [metric_view(result, name, asked.words) for name in others],
        "contacted": [] if small_variants(result) else list(contacted_rows(result, asked.words)),
    }
    return _shown(data, seen, result)


async def load_opens(asked: PageRequest) -> Loaded:
    """Opens of the mail that carries the experiment, beside those that it counts."""
    seen, result = await _result(asked)
    counted = [*assigned_opens([result], asked.words)]
    mail = [mail_opens(each) for each in await _campaigns(asked)] if counted else []
    return _shown({"mail": mail, "counted": counted}, seen, result)


async def _campaigns(asked: PageRequest) -> list[Campaign]:
    """The campaigns of the experiment; none for who does not see campaigns, or where there is no desk."""
    if not may(asked.viewer, "see_campaigns"):
        return []
    try:
        names = await asked.ask(desk_campaigns.campaigns_of, asked.params["experiment"])
    except Withheld:
        return []
    span, scope = recent(asked.now_ms), asked.viewer.scope
    found = [await asked.ask(desk_campaigns.campaign, name, span, scope) for name in names]
    return [each for each in found if each is not None]


async def load_guardrails(asked: PageRequest) -> Loaded:
    """Whether any variant does harm, of everybody so far."""
    seen, result = await _result(asked)
    rows = [] if small_variants(result) else list(guardrail_rows(result, asked.words))
    return _shown({"rows": rows}, seen, result)


async def _result(asked: PageRequest) -> tuple[ResultReply, ExperimentResult]:
    """The result of the page's experiment. Raises Withheld where there is none or it is not for this viewer."""
    _require_whole(asked.viewer.scope)
    seen = await _reader(asked).one(asked.params["experiment"])
    if seen.value is None:
        gone = message("experiment.gone")
        raise Withheld(incomplete_message(seen.standing) if isinstance(seen.standing, Incomplete) else gone)
    result: ExperimentResult = orjson.loads(seen.value)
    return seen, result


def _require_whole(scope: Scope) -> None:
    """Experiments count people of all regions and committees, so who sees a part of these sees none."""
    if scope.regions is not None or scope.committees is not None:
        raise Withheld(message("experiment.beyond_scope"))


def _reader(asked: PageRequest) -> ResultsReader:
    return ResultsReader(asked.redis, asked.deps.settings.profiles_oldest_s)


def _lacking(standing: Complete | Incomplete, asked: PageRequest) -> str | None:
    return asked.words.message(incomplete_message(standing)) if isinstance(standing, Incomplete) else None


def _loaded(data: Mapping[str, object], standing: Complete | Incomplete, as_ofs: Iterator[int | None]) -> Loaded:
    """As of when Redis was complete; where it lacks something, nothing has come since the latest of `as_ofs`."""
    if isinstance(standing, Complete):
        return Loaded(data, standing.as_of)
    return Loaded(data, None, max((at for at in as_ofs if at is not None), default=None))


def _shown(data: Mapping[str, object], seen: ResultReply, result: ExperimentResult) -> Loaded:
    return _loaded(data, seen.standing, iter([parse_time(result["as_of"])]))


EXPERIMENTS = Page(
    path="/experiments",
    name="experiments",
    title="Experiments",
    menu="Results",
    act="see_experiments",
    blocks=(Block("experiments", EVERY_S, load_list, "experiments_list.html"),),
    template="experiments.html",
)
EXPERIMENT = Page(
    path="/experiments/{experiment:path}",
    name="experiment",
    title="Experiment",
    act="see_experiments",
    blocks=(
        Block("warnings", EVERY_S, load_warnings, "experiment_warnings.html", "Warnings"),
        Block("verdict", EVERY_S, load_verdict, "experiment_verdict.html", "What it says so far"),
        Block("guardrails", EVERY_S, load_guardrails, "experiment_guardrails.html", "Guardrails"),
        Block("figures", EVERY_S, load_figures, "experiment_figures.html", "Figures"),
        Block("opens", OPENS_EVERY_S, load_opens, "opens.html", "Opens, and why their figures differ"),
    ),
    params={"experiment": r".{1,200}"},
    enter=enter,
    template="experiment.html",
)
PAGES = (EXPERIMENTS, EXPERIMENT)
