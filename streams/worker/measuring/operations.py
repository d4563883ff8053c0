"""Metrics for whoever is on call: what waits, what stands still, what is full, what happened to the process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_RECOVERY_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class StandingMetrics:
    """How the worker stands. Gauges of partitions are of those that it owns, once a second."""

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
