"""Checks that topics are as `harmonia topics create` would make them: existing ones keep the settings they had."""

from collections.abc import Iterable, Iterator, Mapping

from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.settings import Settings
from streams.platform.topics import DescribedTopic, config_of, is_as_wanted

Configs = Mapping[str, Mapping[str, str]]
"""The settings of each topic."""

LOSES = {
    "cleanup.policy": "what is to be kept is deleted, or what is to go stays",
    "delete.retention.ms": "a reader that was away does not hear of what was deleted",
    "message.timestamp.type": "a producer's clock decides what is deleted and what counts as late",
    "min.compaction.lag.ms": "a reader that is behind misses what was said in between",
}
"""Settings whose difference can lose something, and what."""
AT_LEAST = frozenset({"max.message.bytes", "delete.retention.ms", "retention.ms", "min.insync.replicas"})
"""Settings of which a larger value than wanted does no harm."""


def judge_topics(found: Iterable[DescribedTopic], configs: Configs, settings: Settings) -> Iterator[Finding]:
    """A finding for each topic that is wrong; one for all of them when none is."""
    entries = list(found)
    wrong = [finding for entry in entries for finding in _judge(entry, configs.get(entry.topic.name, {}), settings)]
    yield from wrong or [ok("topics", f"{len(entries)} are there, as `harmonia topics create` makes them")]


def _judge(entry: DescribedTopic, config: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    what = f"topic {entry.topic.name}"
    if not entry.partitions:
        yield fail(what, "it is not there", "harmonia topics create")
        return
    if not is_as_wanted(entry, settings.partitions):
        wanted = entry.topic.partitions or settings.partitions
        cure = f"set HARMONIA_PARTITIONS to what is there ({entry.partitions}), or delete it while it is empty"
        yield fail(what, f"it has {entry.partitions} partitions, not {wanted}", cure)
    if entry.replication < settings.replication:
        cure = "add replicas with kafka-reassign-partitions.sh"
        yield warn(what, f"it has {entry.replication} replicas, not {settings.replication}", cure)
    if int(config.get("min.insync.replicas", 1)) > entry.replication:
        cure = f"{_alter(entry, 'min.insync.replicas', str(max(1, entry.replication - 1)))}"
        yield fail(what, "min.insync.replicas is more than its replicas, so nothing can be written", cure)
        return
    yield from _differences(entry, config, config_of(entry.topic, settings))


def _differences(entry: DescribedTopic, config: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in wanted.items():
        there = config.get(name)
        if there is None or there == value or (name in AT_LEAST and _is_more(there, value)):
            continue
        found = f"{name} is {there}, not {value}"
        if name == "max.message.bytes":
            yield fail(f"topic {entry.topic.name}", f"{found}: large records stop workers", _alter(entry, name, value))
        elif name in LOSES:
            yield fail(f"topic {entry.topic.name}", f"{found}: {LOSES[name]}", _alter(entry, name, value))
        else:
            yield warn(f"topic {entry.topic.name}", found, _alter(entry, name, value))


def _is_more(there: str, value: str) -> bool:
    """Whether a value is at least the wanted one; -1 is without a limit."""
    return int(there) < 0 or int(there) >= int(value)


def _alter(entry: DescribedTopic, name: str, value: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {entry.topic.name} --add-config {name}={value}"
