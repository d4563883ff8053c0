"""The metrics of the API's process. Labels are bounded: routes, reasons, never a person nor a token."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.platform.policy_metrics import PolicyMetrics
from streams.services.permission.audit_metrics import AuditMetrics

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ApiMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "harmonia_api_requests_total",
            "Requests by route and HTTP status",
            ["route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "harmonia_api_request_seconds",
            "Seconds from a request to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "harmonia_api_refused_total",
            "Requests refused for their token (unauthorized: none that is known; forbidden: scope or team is another)",
            ["code"],
            registry=registry,
        )
        self.decisions = Counter(
            "harmonia_api_decisions_total",
            "Decisions by channel, decision and reason",
            ["channel", "decision", "reason"],
            registry=registry,
        )
        self.incomplete = Counter(
            "harmonia_api_incomplete_total",
            "Requests that got no answer since Redis lacked something "
            "(missing, refilling, too_old, other_key, other_regime, away)",
            ["why"],
            registry=registry,
        )
        self.policy = PolicyMetrics(registry)
        self.profiles_age = Gauge(
            "harmonia_api_profiles_age_seconds",
            "Seconds ago at which Redis last held all that there was; permissions rest on it",
            registry=registry,
        )
        self.audit = AuditMetrics(registry, "harmonia_audit_pending_bytes", "harmonia_audit_failures_total")
