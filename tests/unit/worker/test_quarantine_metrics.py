from prometheus_client import CollectorRegistry, generate_latest

from streams.domain.quarantine.quarantines import Quarantine
from streams.worker.metrics import MOST_SOURCES, QuarantineMetrics
from tests.unit.events.records import NOW


def told(*sources: str, until: int = NOW + 1) -> dict[str, float]:
    registry = CollectorRegistry()
    metrics = QuarantineMetrics(registry)
    metrics.tell({source: Quarantine(source, NOW + at, until, 600) for at, source in enumerate(sources)}, NOW)
    [family] = [each for each in registry.collect() if each.name == "harmonia_source_quarantined_since_seconds"]
    return {sample.labels["source"]: sample.value for sample in family.samples}


def test_sources_in_quarantine_have_the_time_since_when() -> None:
    assert told("digital/mailer", "field/app") == {"digital/mailer": NOW / 1000, "field/app": (NOW + 1) / 1000}


def test_a_source_whose_quarantine_has_ended_has_no_metric() -> None:
    assert told("digital/mailer", until=NOW) == {}


def test_sources_that_may_be_addresses_are_told_together_since_the_first() -> None:
    assert told("ada@example.org", "+12125550123") == {"other": NOW / 1000}


def test_made_up_sources_are_no_labels_without_end() -> None:
    assert len(told(*(f"source-{number}" for number in range(MOST_SOURCES + 10)))) == MOST_SOURCES + 1


def test_a_source_let_go_has_no_quarantine_metric_any_more() -> None:
    registry = CollectorRegistry()
    metrics = QuarantineMetrics(registry)
    metrics.tell({"digital/mailer": Quarantine("digital/mailer", NOW, NOW + 1, 600)}, NOW)
    metrics.tell({}, NOW)
    assert b'source="' not in generate_latest(registry)
