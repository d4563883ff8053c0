"""The metrics of the console's process. Labels are bounded: routes, blocks, reasons, never a person nor a viewer."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.platform.policy_metrics import PolicyMetrics
from streams.services.permission.audit_metrics import AuditMetrics

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class ConsoleMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "harmonia_console_requests_total",
            "Requests by route and HTTP status",
            ["route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "harmonia_console_request_seconds",
            "Seconds from a request to its answer, streams left out",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.streams = Gauge("harmonia_console_streams", "Pages that are open and live", registry=registry)
        self.blocks = Counter(
            "harmonia_console_blocks_total",
            "Blocks loaded, by page, block and outcome (shown, withheld, failed)",
            ["page", "block", "outcome"],
            registry=registry,
        )
        self.block_seconds = Histogram(
            "harmonia_console_block_seconds",
            "Seconds to load and render a block",
            ["page", "block"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.stretch = Gauge(
            "harmonia_console_stretch",
            "How many times their rate apart blocks of open pages are loaded: 1, or up to 2 where time is short",
            registry=registry,
        )
        self.stretch.set(1)
        self.signins = Counter(
            "harmonia_console_signins_total",
            "Sign-ins by way (token, oidc) and outcome (in, unknown, too_many, failed)",
            ["way", "outcome"],
            registry=registry,
        )
        self.refused = Counter(
            "harmonia_console_refused_total",
            "Requests refused (act, scope, csrf, origin, audit, streams)",
            ["why"],
            registry=registry,
        )
        self.acts = Counter(
            "harmonia_console_acts_total",
            "Acts by outcome (done, not_done, unsure); one that is sent again counts once, unless nothing was done",
            ["act", "outcome"],
            registry=registry,
        )
        self.policy = PolicyMetrics(registry)
        self.audit = AuditMetrics(
            registry, "harmonia_console_audit_pending_bytes", "harmonia_console_audit_failures_total"
        )
