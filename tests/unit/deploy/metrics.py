"""Every metric that a process of Harmonia has."""

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from streams.history.lake.filler import LakeMetrics
from streams.services.api.metrics import ApiMetrics
from streams.services.console.follow_metrics import FollowMetrics
from streams.services.console.metrics import ConsoleMetrics
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.gateway.metrics import GatewayMetrics
from streams.worker.metrics import Metrics

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def known_metrics() -> set[str]:
    """The names of their samples."""
    made = Metrics(CollectorRegistry())
    api, console = ApiMetrics(CollectorRegistry()), ConsoleMetrics(CollectorRegistry())
    others = (
        api,
        api.audit,
        console,
        console.audit,
        *(kind(CollectorRegistry()) for kind in (DeliveryMetrics, GatewayMetrics, LakeMetrics)),
    )
    parts = (FollowMetrics(), made, made.campaign, made.operations, made.quarantine, made.rights, made.policy, *others)
    found = [each for part in parts for each in vars(part).values() if isinstance(each, MetricWrapperBase)]
    own = {each._name + suffix for each in found for suffix in _SUFFIXES[str(each._type)]}
    return own | {sample.name for family in made.registry.collect() for sample in family.samples}
