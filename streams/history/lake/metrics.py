"""The metrics of the process that fills the lake. Labels are bounded: partitions of the topic."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class LakeMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.rows = Counter("harmonia_lake_rows_total", "Rows that were written into the lake", registry=registry)
        self.files = Counter("harmonia_lake_files_total", "Files that were written into the lake", registry=registry)
        self.bytes = Counter("harmonia_lake_bytes_total", "Bytes of those files", registry=registry)
        self.seconds = Histogram(
            "harmonia_lake_write_seconds",
            "Seconds from a range's first file to its manifest, and its files in place",
            buckets=_SECONDS,
            registry=registry,
        )
        self.failures = Counter(
            "harmonia_lake_failures_total", "Writings that failed and are tried again", registry=registry
        )
        self.overtaken = Counter(
            "harmonia_lake_overtaken_total", "Ranges that another process had written before", registry=registry
        )
        self.waiting = Gauge(
            "harmonia_lake_waiting_bytes", "Bytes of records that were read and are not in the lake", registry=registry
        )
        self.behind = Gauge(
            "harmonia_lake_behind_records",
            "Records of the partition that are not in the lake; of those that this process has",
            ["partition"],
            registry=registry,
        )
