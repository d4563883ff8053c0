"""Every Prometheus metric of a worker process, with its meaning.

Labels are bounded: topics, partitions, reasons, teams and currencies up to a number; never a person.
"""

import time
from collections import Counter as Count
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from events.experiment_results import Status
from events.registry import ENGAGEMENTS, MODELS
from events.segments import ChangeCause
from streams.domain.display_names import is_shown
from streams.domain.quarantine.quarantines import Quarantine
from streams.platform.policy_metrics import PolicyMetrics
from streams.worker.measuring.campaign_counters import CampaignCounters
from streams.worker.measuring.label_names import BoundedLabels, is_currency, is_team
from streams.worker.measuring.rights_requests import RightsMetrics

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_EVALUATION_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TRANSACTION_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5)
_TRANSACTION_RECORDS = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
_RECOVERY_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
MOST_SOURCES = 40
TEAMS, CURRENCIES = 40, 20
"""So many have a label of their own, besides the teams of the schedule; all others are `other`."""


class CampaignMetrics:
    """Metrics for the people of the organisation: who sends what, money, doors, and who really reads.

    `teams`: those that have a label of their own in any case.
    """

    def __init__(self, registry: CollectorRegistry, teams: Iterable[str] = ()) -> None:
        self._teams = BoundedLabels(TEAMS, is_team, teams)
        self._currencies = BoundedLabels(CURRENCIES, is_currency)
        self.inflow = Counter(
            "harmonia_inflow_total",
            "Interactions that intake has accepted, by team and type; teams beyond the first 40 count as other",
            ["team", "type"],
            registry=registry,
        )
        self.times_ahead = Counter(
            "harmonia_times_ahead_total",
            "Yeses and other interactions that open something and were dated by their record, since their time was "
            "more than a minute ahead of it, by team: the clock of their producer is fast",
            ["team"],
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

    def count_accepted(self, by_team_and_type: Count[tuple[str, str]]) -> None:
        """Count a chunk of input that intake has accepted."""
        for (team, type_), count in by_team_and_type.items():
            self.inflow.labels(self._teams.label(team), type_).inc(count)

    def count_ahead(self, by_team: Count[str]) -> None:
        """Count interactions that intake has dated by their record."""
        for team, count in by_team.items():
            self.times_ahead.labels(self._teams.label(team)).inc(count)

    def count_applied(self, tally: CampaignCounters) -> None:
        """Count a chunk of interactions that were applied."""
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


class ExperimentMetrics:
    """Metrics of experiments: how many run, and how long it takes until what has happened is in their results.

    All but `uncounted` are of the one worker that adds experiments up; of the others they are 0.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.known = Gauge(
            "harmonia_experiments",
            "Experiments by status (running, ended, recounting), where they are added up",
            ["status"],
            registry=registry,
        )
        self.results = Counter(
            "harmonia_experiment_results_total", "Results of experiments that were written", registry=registry
        )
        self.seconds = Histogram(
            "harmonia_experiment_evaluation_seconds",
            "Seconds it takes to add up what has come and to write the results of what has changed",
            buckets=_EVALUATION_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge(
            "harmonia_experiment_waiting_seconds",
            "Age of the oldest difference that is in no result yet, when it was last looked at",
            registry=registry,
        )
        self.uncounted = Counter(
            "harmonia_experiment_uncounted_total",
            "How often somebody was left out of an experiment, since there are too many of them or of their variants",
            registry=registry,
        )
        self.show_idle()

    def show_idle(self) -> None:
        """Show that nothing is added up in this worker."""
        self.show_statuses({})
        self.waiting.set(0)

    def show_statuses(self, statuses: Mapping[Status, int]) -> None:
        """Show how many experiments have each status."""
        for status in get_args(Status):
            self.known.labels(status).set(statuses.get(status, 0))


class SegmentMetrics:
    """Metrics of segments. Gauges are of the partitions that a worker owns, twice a second."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.known = Gauge(
            "harmonia_segments", "Segments that people are judged by; 0 where nothing is defined", registry=registry
        )
        self.changes = Counter(
            "harmonia_segment_changes_total",
            f"How often somebody entered or left segments, by cause ({', '.join(get_args(ChangeCause))})",
            ["cause"],
            registry=registry,
        )
        self.sweeping = Gauge(
            "harmonia_segment_backfill_partitions",
            "Partitions in which not everybody has been judged yet by what is defined",
            registry=registry,
        )
        self.behind = Gauge(
            "harmonia_segment_time_behind_seconds",
            "By how much the time in which people are judged is behind, in the partition where it is most",
            registry=registry,
        )
        for cause in get_args(ChangeCause):
            self.changes.labels(cause)


class OperationsMetrics:
    """Metrics for whoever is on call: what waits, stands still or is full, and what happened to the process.

    Gauges of partitions are of those that it owns, once a second.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waiting = Gauge(
            "harmonia_waiting_seconds",
            "Seconds that the oldest record of a topic which this worker has not done has waited; 0 with none",
            ["topic"],
            registry=registry,
        )
        self.stalled = Gauge(
            "harmonia_stalled_seconds",
            "Seconds since the last progress in a partition that has lag; 0 without lag",
            ["topic", "partition"],
            registry=registry,
        )
        self.topic_partitions = Gauge(
            "harmonia_topic_partitions",
            "Partitions of each topic that workers read; each must be owned by one of them",
            ["topic"],
            registry=registry,
        )
        self.sink_behind_records = Gauge(
            "harmonia_sink_behind_records",
            "Records of a partition that a sink does not hold yet",
            ["sink", "topic", "partition"],
            registry=registry,
        )
        self.sink_behind_seconds = Gauge(
            "harmonia_sink_behind_seconds",
            "Seconds ago at which a sink last held all that a partition had then",
            ["sink", "topic", "partition"],
            registry=registry,
        )
        self.rebalances = Counter(
            "harmonia_rebalances_total", "Times that partitions were handed out anew", registry=registry
        )
        self.recovery_seconds = Histogram(
            "harmonia_recovery_seconds",
            "Seconds from partitions handed out to work on them, changelogs read",
            buckets=_RECOVERY_SECONDS,
            registry=registry,
        )
        self.recovering_seconds = Gauge(
            "harmonia_recovering_seconds",
            "Seconds that the recovery under way has lasted; 0 with none",
            registry=registry,
        )
        self.recovery_to_go = Gauge(
            "harmonia_recovery_records_to_go",
            "Changelog records that the recovery under way has still to read",
            registry=registry,
        )
        self.transactions = Counter(
            "harmonia_transactions_total",
            "Transactions in which the contacts of all partitions of this worker were written, by how they ended "
            "(committed; refused: a record, by the broker; stale: others own the partitions; fenced: the broker has "
            "ended it; trouble: nobody knows)",
            ["outcome"],
            registry=registry,
        )
        self.transaction_open_seconds = Gauge(
            "harmonia_transaction_open_seconds",
            "Seconds that such a transaction, or one that this worker waits for to take partitions over, has been open "
            "or tried again; 0 with none",
            registry=registry,
        )
        self.transaction_seconds = Histogram(
            "harmonia_transaction_seconds",
            "Seconds from the beginning of such a transaction to its commit",
            buckets=_TRANSACTION_SECONDS,
            registry=registry,
        )
        self.transaction_records = Histogram(
            "harmonia_transaction_records",
            "Records of such a transaction, the changelog's included",
            buckets=_TRANSACTION_RECORDS,
            registry=registry,
        )
        self.fail_stops = Counter(
            "harmonia_fail_stops_total",
            "Times that a worker with this state directory has stopped itself, by why (fenced: others own its "
            "partitions; state_lost; other), kept across starts",
            ["reason"],
            registry=registry,
        )
        self.redis_memory = Gauge(
            "harmonia_redis_memory_used_ratio", "Part of its memory that Redis uses, from 0 to 1", registry=registry
        )
        self.under_replicated = Gauge(
            "harmonia_kafka_under_replicated_partitions",
            "Partitions of Harmonia's topics of which a replica is missing or behind, as brokers say once a minute",
            registry=registry,
        )
        self.state_disk = Gauge(
            "harmonia_state_disk_used_ratio",
            "Part of the disk of the state directory that is used, from 0 to 1",
            registry=registry,
        )
        self.policy_broken = Gauge(
            "harmonia_policy_broken",
            "1 while the policy file is broken, so that the one before goes on",
            registry=registry,
        )
        self.team_expected = Gauge(
            "harmonia_team_expected",
            "1 while a team has been at work for an hour by its schedule (HARMONIA_TEAMS), else 0",
            ["team"],
            registry=registry,
        )


class QuarantineMetrics:
    """Which sources are in quarantine, and how many records wait: every worker hears of all, so each tells the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = BoundedLabels(MOST_SOURCES, is_shown)
        self.since = Gauge(
            "harmonia_source_quarantined_since_seconds",
            f"Since when a source is in quarantine, Unix time, by source ({MOST_SOURCES} that look like names; other)",
            ["source"],
            registry=registry,
        )
        self.waiting = Gauge(
            "harmonia_quarantine_waiting_records",
            "Held records in the topic quarantine that nobody has released yet, of all sources",
            registry=registry,
        )

    def tell(self, held: Mapping[str, Quarantine], now: int) -> None:
        """Show these sources, but for those whose quarantine has ended. `now`: ms since 1970."""
        since: dict[str, int] = {}
        for source, quarantine in held.items():
            if now < quarantine.until:
                label = self._names.label(source)
                since[label] = min(quarantine.since, since.get(label, quarantine.since))
        self.since.clear()
        for label, at in since.items():
            self.since.labels(label).set(at / 1000)


class Metrics:
    """All metrics of one worker process, in a registry of their own. `teams`: those that always have a label."""

    def __init__(self, registry: CollectorRegistry, teams: Iterable[str] = ()) -> None:
        self.registry = registry
        self.campaign = CampaignMetrics(registry, teams)
        self.operations = OperationsMetrics(registry)
        self.experiments = ExperimentMetrics(registry)
        self.segments = SegmentMetrics(registry)
        self.quarantine = QuarantineMetrics(registry)
        self.rights = RightsMetrics(registry)
        ProcessCollector(registry=registry)
        self.interactions = Counter(
            "harmonia_interactions_total",
            "Interactions by the topic they were read from and what became of them "
            "(input topics: accepted, refused: a dead letter, held: in quarantine; interactions: applied, duplicate, "
            "earlier: a duplicate that happened before the copy that was known, full: the contact has no more room, "
            "in_vain: the person was erased, forgotten: its source was)",
            ["topic", "outcome"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "harmonia_dead_letters_total",
            "Dead letters, which are refused records, by stage and dl_reason",
            ["stage", "reason"],
            registry=registry,
        )
        self.duplicates = Counter(
            "harmonia_duplicates_total", "Interactions that a contact's state held already", registry=registry
        )
        self.unknown_fields = Counter(
            "harmonia_unknown_fields_total",
            "Interactions, by type, with a field of data itself that the type does not know: one may be misspelled",
            ["type"],
            registry=registry,
        )
        self.alerts = Counter(
            "harmonia_alerts_total",
            "Alerts about contacts, campaigns and experiments by rule (over_cap, double_touch, touch_after_stop, "
            "complaint_after_pressure, unsubscribe_after_pressure; campaign_complaints, campaign_unsubscribes; "
            "experiment_split_broken, experiment_guardrail)",
            ["rule"],
            registry=registry,
        )
        self.mail_reports = Counter(
            "harmonia_mail_reports_total",
            "Complaints and unsubscriptions by type and by whether they name a campaign (named, none); "
            "those that do not are in no rate",
            ["type", "campaign"],
            registry=registry,
        )
        self.policy = PolicyMetrics(registry)
        self.profiles_cut = Counter(
            "harmonia_profiles_cut_total",
            "Profiles that leave out part of what is known, as too much for one record; refusals never are",
            registry=registry,
        )
        self.identity_links = Counter(
            "harmonia_identity_links_total",
            "Records of identity-links by what they say "
            "(seen, unseen, said, unsaid, erased, forgotten; overdue: what is to be asked again; "
            "refused: nothing that can be read)",
            ["kind"],
            registry=registry,
        )
        self.identity_findings = Counter(
            "harmonia_identity_findings_total",
            "Identifiers that link nobody any more, or that no command links, by why "
            "(crowded, disputed, saturated; overruled)",
            ["finding"],
            registry=registry,
        )
        self.chunk_seconds = Histogram(
            "harmonia_chunk_seconds",
            "Seconds from taking a chunk to having it done",
            ["agent"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.end_to_end_seconds = Histogram(
            "harmonia_end_to_end_seconds",
            "Seconds from an input record's append to the profile's arrival in the sink, one observation a profile",
            ["sink"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.lag = Gauge(
            "harmonia_lag_records",
            "Records of a partition that this worker owns and has not done",
            ["topic", "partition"],
            registry=registry,
        )
        self.sink_errors = Counter(
            "harmonia_sink_errors_total", "Calls of a sink that failed and are tried again", ["sink"], registry=registry
        )
        self.sink_refills = Counter(
            "harmonia_sink_refills_total",
            "Partitions that a sink had lost and was given again",
            ["sink"],
            registry=registry,
        )

    @contextmanager
    def chunk(self, agent: str) -> Iterator[None]:
        """Observe the seconds that a chunk takes; one that fails is not observed."""
        started = time.perf_counter()
        yield
        self.chunk_seconds.labels(agent).observe(time.perf_counter() - started)
