"""The metrics of the gateway's process. Labels are bounded: hooks of the operator's file, types, reasons."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class GatewayMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "harmonia_gateway_requests_total",
            "Requests by hook (events: CloudEvents; unknown: no such address) and HTTP status",
            ["hook", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "harmonia_gateway_request_seconds",
            "Seconds from a request to its answer, Kafka's acknowledgement included",
            ["hook"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.results = Counter(
            "harmonia_gateway_events_total",
            "What was made of the elements of requests that Kafka has (accepted, refused, left_out)",
            ["hook", "outcome"],
            registry=registry,
        )
        self.refused = Counter(
            "harmonia_gateway_refused_total",
            "Elements that were refused, by dl_reason",
            ["hook", "reason"],
            registry=registry,
        )
        self.unknown_fields = Counter(
            "harmonia_gateway_unknown_fields_total",
            "Events, by type, with a field in data (POST /v1/events) that the type does not know, or (hooks of Mailgun "
            "and SendGrid) a custom field whose name is almost one that counts",
            ["type"],
            registry=registry,
        )
        self.unproven = Counter(
            "harmonia_gateway_unproven_total",
            "Requests that did not prove where they are from (missing, wrong, stale, used)",
            ["hook", "why"],
            registry=registry,
        )
        self.pending = Gauge(
            "harmonia_gateway_pending_bytes", "Bytes of requests that wait for Kafka", registry=registry
        )
