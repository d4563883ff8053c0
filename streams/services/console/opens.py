"""Opens of a mailing side by side: all that were reported, those by people, and those that its experiment counts.

The campaign and the experiment show the same table, so that whoever sees two figures also sees why they differ.
"""

from collections.abc import Iterator, Sequence

import orjson
from msgspec import Struct

from events.experiment_results import ExperimentResult
from sinks.base import SinkUnavailable
from sinks.results import ResultsReader
from streams.services.console.desk_campaigns import Campaign
from streams.services.console.experiment_views import small_variants
from streams.services.console.page import PageRequest
from streams.services.console.rights import may
from streams.services.console.words import UNKNOWN, Words

OPENED = "opened"
"""The metric of experiments that counts opens."""


class MailOpens(Struct, frozen=True):
    """Opens of a campaign: as they were reported, and without those that their sender says a program made."""

    campaign: str
    reported: int
    by_people: int


class AssignedOpens(Struct, frozen=True):
    """Opens that an experiment counts, in words; `parts`: of each variant."""

    experiment: str
    total: str
    parts: str


async def results_of(asked: PageRequest, experiments: Sequence[str]) -> list[ExperimentResult]:
    """The results of these experiments that there are; none for who does not see experiments or sees a part of them."""
    scope = asked.viewer.scope
    if not may(asked.viewer, "see_experiments") or scope.regions is not None or scope.committees is not None:
        return []
    reader = ResultsReader(asked.redis, asked.deps.settings.profiles_oldest_s)
    try:
        seen = [await reader.one(each) for each in experiments]
    except SinkUnavailable:
        return []
    return [orjson.loads(each.value) for each in seen if each.value is not None]


def mail_opens(found: Campaign) -> MailOpens:
    """The opens of a campaign."""
    return MailOpens(found.campaign, found.types.get("email.opened", 0), found.opened)


def assigned_opens(results: Sequence[ExperimentResult], words: Words) -> Iterator[AssignedOpens]:
    """The opens of each experiment that counts any; unknown where a variant has few people."""
    for result in results:
        metrics = {name: each["metrics"] for name, each in result["variants"].items()}
        found = {name: each[OPENED]["sum"] for name, each in metrics.items() if OPENED in each}
        if found:
            yield _assigned(result, {} if small_variants(result) else found, words)


def _assigned(result: ExperimentResult, by_variant: dict[str, int], words: Words) -> AssignedOpens:
    told = {name: words.number(thousandths / 1000, 1) for name, thousandths in by_variant.items()}
    total = words.number(sum(by_variant.values()) / 1000, 1) if told else UNKNOWN
    parts = " + ".join(f"{name} {number}" for name, number in told.items())
    return AssignedOpens(result["experiment"], total, parts)
