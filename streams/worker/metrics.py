"""Every metric of a worker, with its meaning. Labels are bounded: topics, partitions, reasons, never a person."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from events.topics import Agent
from streams.worker.measuring.campaign import CampaignMetrics
from streams.worker.measuring.experiments import ExperimentMetrics
from streams.worker.measuring.operations import StandingMetrics
from streams.worker.measuring.quarantined import QuarantineMetrics

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The metrics of one process, in a registry of their own. `teams`: those with a label of their own in any case."""

    def __init__(self, registry: CollectorRegistry, teams: Iterable[str] = ()) -> None:
        self.registry = registry
        self.campaign = CampaignMetrics(registry, teams)
        self.standing = StandingMetrics(registry)
        self.experiments = ExperimentMetrics(registry)
        self.quarantine = QuarantineMetrics(registry)
        ProcessCollector(registry=registry)
        self.interactions = Counter(
            "harmonia_interactions_total",
            "Interactions by the topic they were read from and what became of them "
            "(input topics: accepted, refused: a dead letter, held: in quarantine; interactions: applied, duplicate, "
            "full: the contact has no more room, in_vain: the person was erased)",
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
        self.policy = Counter(
            "harmonia_policy_changes_total",
            "Changes of the policy file by what became of them (taken; broken: the one before goes on)",
            ["outcome"],
            registry=registry,
        )
        self.policy_since = Gauge(
            "harmonia_policy_since_seconds",
            "Since when the policy holds here, Unix time, by its version",
            ["version"],
            registry=registry,
        )
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
    def chunk(self, agent: Agent) -> Iterator[None]:
        """Observe the seconds that a chunk takes; one that fails is not observed."""
        started = time.perf_counter()
        yield
        self.chunk_seconds.labels(agent).observe(time.perf_counter() - started)
