"""Metrics for the people of the organisation: who sends what, money, doors, and who really reads."""

from collections import Counter as Count
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from events.registry import ENGAGEMENTS, MODELS
from streams.worker.measuring.campaign_counters import Tally
from streams.worker.measuring.label_names import Named, is_currency, is_team

TEAMS, CURRENCIES = 40, 20
"""So many have a label of their own, besides the teams of the schedule; all others are `other`."""


class CampaignMetrics:
    """What the teams do. `teams`: those that have a label of their own in any case."""

    def __init__(self, registry: CollectorRegistry, teams: Iterable[str] = ()) -> None:
        self._teams = Named(TEAMS, is_team, teams)
        self._currencies = Named(CURRENCIES, is_currency)
        self.inflow = Counter(
            "harmonia_inflow_total",
            "Interactions that intake has accepted, by team and type; teams beyond the first 40 count as other",
            ["team", "type"],
            registry=registry,
        )
        self.applied = Counter(
            "harmonia_applied_total",
            "Interactions that were new to a profile, by type: repeats and what was refused are not in it",
            ["type"],
            registry=registry,
        )
        self.donations = Counter(
            "harmonia_donations_minor_units_total",
            "Money by currency, in its minor units, and by flow (given; returned: refunds, and gifts taken back)",
            ["currency", "flow"],
            registry=registry,
        )
        self.canvass = Counter(
            "harmonia_canvass_total",
            "Reports of canvassers that were new to a profile, by method (door, phone, ...) and outcome",
            ["method", "outcome"],
            registry=registry,
        )
        self.human_acts = Counter(
            "harmonia_human_acts_total",
            "Opens and clicks of one contact in 32 that were a person's, by act (open, click) "
            "and change (up; down: what was heard later spoke against it)",
            ["act", "change"],
            registry=registry,
        )
        self.judged_acts = Counter(
            "harmonia_judged_acts_total",
            "All opens and clicks of the same contacts, by act: what human_acts is a share of",
            ["act"],
            registry=registry,
        )
        self._begin()

    def took_in(self, by_team_and_type: Count[tuple[str, str]]) -> None:
        """A chunk of input."""
        for (team, type_), count in by_team_and_type.items():
            self.inflow.labels(self._teams.label(team), type_).inc(count)

    def folded(self, tally: Tally) -> None:
        """A chunk of interactions."""
        for type_, count in tally.types.items():
            self.applied.labels(type_).inc(count)
        for (method, outcome), count in tally.reports.items():
            self.canvass.labels(method, outcome).inc(count)
        for (currency, flow), amount in tally.money.items():
            self.donations.labels(self._currencies.label(currency), flow).inc(amount)
        for (act, change), thousandths in tally.human.items():
            self.human_acts.labels(act, change).inc(thousandths / 1000)
        for act, count in tally.acts.items():
            self.judged_acts.labels(act).inc(count)

    def _begin(self) -> None:
        """Say 0 where there is nothing yet: of a series that appears, Prometheus cannot tell what it rose by."""
        for type_ in MODELS:
            self.applied.labels(type_)
        for act in ENGAGEMENTS.values():
            self.judged_acts.labels(act)
            for change in ("up", "down"):
                self.human_acts.labels(act, change)
