"""Judges brokers, topics, rights and Redis by what the servers say of themselves: pure."""

from collections.abc import Iterable, Iterator, Mapping, Set

from streams.domain.replication import wanted_in_sync
from streams.operations.acl import of_workers
from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.settings import Settings
from streams.platform.topics import DescribedTopic, config_of, is_as_wanted, wanted_topics

OLDEST_KAFKA = (3, 0)
"""The first version that can describe transactions, as workers need it."""
ABORT_INTERVAL, SOON_MS = "transaction.abort.timed.out.transaction.cleanup.interval.ms", 1000
OLDEST_REDIS = (6, 2)
FULL_SHARE = 0.85
SOME_SKEW_S, MUCH_SKEW_S = 2.0, 60.0


def judge_brokers(
    versions: Mapping[int, tuple[int, ...]], settings: Settings, default: int | None = None
) -> Iterator[Finding]:
    """Number and versions of brokers. `versions`: of each broker that is up, as far as it is known.

    `default`: how many replicas brokers give a new topic; None: this user may not ask.
    """
    count, want = len(versions), settings.replication or default or 1
    found = ", ".join(f"{broker}: {_text(version)}" for broker, version in sorted(versions.items()))
    if count < want:
        cure = "start those that are missing"
        if default is not None and default < want:
            cure += f", or set HARMONIA_REPLICATION to {count} or less before `topics create`"
        yield fail("brokers", f"{count} are up ({found}); each topic wants {want}", cure)
    else:
        yield ok("brokers", f"{count} up ({found})")
    if old := [broker for broker, version in versions.items() if version and version < OLDEST_KAFKA]:
        cure = f"upgrade to Kafka {_text(OLDEST_KAFKA)} or newer"
        yield fail("Kafka's version", f"of the brokers {old} it is too old", cure)


def judge_broker_settings(configs: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """How soon brokers end a transaction whose time is up. `configs`: by broker what it says of itself."""
    every = {broker: int(config.get(ABORT_INTERVAL, 0)) for broker, config in configs.items()}
    if slow := {broker: ms for broker, ms in every.items() if ms > SOON_MS}:
        yield warn(
            "transactions whose time is up",
            f"brokers {', '.join(sorted(slow))} look for them every {max(slow.values()) // 1000} s only: readers, and "
            "whoever takes over from a worker that died, may wait so long",
            f"{ABORT_INTERVAL}={SOON_MS} in the brokers' configuration",
        )


def judge_redis(info: Mapping[str, object], scripts: bool) -> Iterator[Finding]:
    """Version, role and memory of Redis. `info`: its answer to INFO. `scripts`: whether one may be run."""
    version = str(info.get("valkey_version") or info.get("redis_version") or "0")
    if _numbers(version) < OLDEST_REDIS:
        yield fail("Redis", f"version {version} is too old", f"upgrade to {_text(OLDEST_REDIS)} or newer, or to Valkey")
    else:
        yield ok("Redis", f"{info.get('server_name', 'redis')} {version}, {info.get('role', 'role unknown')}")
    if info.get("role", "master") != "master":
        yield fail("Redis' role", "it is a replica, which takes no writes", "set REDIS_URL to the primary")
    policy = str(info.get("maxmemory_policy", "unknown"))
    if policy != "noeviction":
        cure = "CONFIG SET maxmemory-policy noeviction, also in its configuration file"
        yield fail("Redis' memory", f"maxmemory-policy is {policy}: it drops profiles when it is full", cure)
    yield from _memory(int(str(info.get("used_memory", 0))), int(str(info.get("maxmemory", 0))))
    if not scripts:
        cure = "let the user run scripts: ACL SETUSER … +evalsha +eval +script|load"
        yield fail("Redis' scripts", "none may be run, and profiles are written by one", cure)


def _memory(used: int, most: int) -> Iterator[Finding]:
    if most and used > FULL_SHARE * most:
        cure = "give it more: when it is full, nothing is written any more"
        yield warn("Redis' memory", f"{used / most:.0%} of maxmemory are used", cure)


def judge_clock(whose: str, ahead_s: float) -> Finding:
    """A clock that is `ahead_s` seconds ahead of this machine's."""
    what, cure = f"clock of {whose}", "run NTP (chrony) on both machines, and look at which of them is wrong"
    if abs(ahead_s) < SOME_SKEW_S:
        return ok(what, f"within {SOME_SKEW_S:.0f} s of this machine's")
    found = f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's"
    return (fail if abs(ahead_s) >= MUCH_SKEW_S else warn)(what, found, cure)


def judge_newest(newest_ms: int | None, now_ms: int) -> Iterator[Finding]:
    """The broker's clock, by its stamp of the newest interaction: brokers tell no time, but no stamp is ahead.

    All topics have the broker's append time, so its clock decides what is late, settled, expired.
    """
    if newest_ms is not None and newest_ms - now_ms > SOME_SKEW_S * 1000:
        yield judge_clock("the broker", (newest_ms - now_ms) / 1000)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "version unknown"


Configs = Mapping[str, Mapping[str, str]]
"""The settings of each topic."""

LOSSY_SETTINGS = {
    "cleanup.policy": "what is to be kept is deleted, or what is to go stays",
    "delete.retention.ms": "a reader that was away does not hear of what was deleted",
    "message.timestamp.type": "a producer's clock decides what is deleted and what counts as late",
    "min.compaction.lag.ms": "a reader that is behind misses what was said in between",
}
"""Settings whose difference can lose something, and what."""
LARGER_IS_FINE = frozenset({"max.message.bytes", "delete.retention.ms", "retention.ms", "min.insync.replicas"})
"""Settings of which a larger value than wanted does no harm."""


def judge_topics(
    found: Iterable[DescribedTopic], configs: Configs, settings: Settings, default: int | None = None
) -> Iterator[Finding]:
    """A finding for each topic that is wrong; one for all of them when none is. `default`: as for `judge_brokers`."""
    entries, replicas = list(found), max(settings.replication or 1, default or 1)
    wrong = [
        finding
        for entry in entries
        for finding in _judge(entry, configs.get(entry.topic.name, {}), settings.partitions, replicas)
    ]
    yield from wrong or [ok("topics", f"{len(entries)} are there, as `harmonia topics create` makes them")]


def _judge(entry: DescribedTopic, config: Mapping[str, str], partitions: int, replicas: int) -> Iterator[Finding]:
    what = f"topic {entry.topic.name}"
    if not entry.partitions:
        yield fail(what, "it is not there", "harmonia topics create")
        return
    if not is_as_wanted(entry, partitions):
        wanted = entry.topic.partitions or partitions
        cure = f"set HARMONIA_PARTITIONS to what is there ({entry.partitions}), or delete it while it is empty"
        yield fail(what, f"it has {entry.partitions} partitions, not {wanted}", cure)
    more = "add replicas with kafka-reassign-partitions.sh"
    if entry.replication < replicas:
        yield warn(what, f"it has {entry.replication} replicas, not {replicas}", more)
    if int(config.get("min.insync.replicas", 1)) > entry.replication:
        lower = _alter(entry, "min.insync.replicas", str(wanted_in_sync(entry.replication)))
        cure = more if entry.replication < replicas else lower
        yield fail(what, "min.insync.replicas is more than its replicas, so nothing can be written", cure)
        return
    yield from _differences(entry, config, config_of(entry.topic, max(replicas, entry.replication)))


def _differences(entry: DescribedTopic, config: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in wanted.items():
        there = config.get(name)
        if there is None or there == value or (name in LARGER_IS_FINE and _is_more(there, value)):
            continue
        found = f"{name} is {there}, not {value}"
        if name == "max.message.bytes":
            yield fail(f"topic {entry.topic.name}", f"{found}: large records stop workers", _alter(entry, name, value))
        elif name in LOSSY_SETTINGS:
            yield fail(f"topic {entry.topic.name}", f"{found}: {LOSSY_SETTINGS[name]}", _alter(entry, name, value))
        else:
            yield warn(f"topic {entry.topic.name}", found, _alter(entry, name, value))


def _is_more(there: str, value: str) -> bool:
    """Whether a value is at least the wanted one; -1 is without a limit."""
    return int(there) < 0 or int(there) >= int(value)


def _alter(entry: DescribedTopic, name: str, value: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {entry.topic.name} --add-config {name}={value}"


Allowed = Mapping[str, Set[str]]
"""Operations by topic, by their names in Kafka (`READ`); without topics of which the broker says nothing."""


def needed_operations(settings: Settings) -> dict[str, set[str]]:
    """The operations that a worker needs on each topic that it reads or writes."""
    needs = {topic.name: {one.upper() for one in of_workers(topic)} for topic in wanted_topics(settings)}
    return {name: operations for name, operations in needs.items() if operations != {"DESCRIBE"}}


def judge_permissions(allowed: Allowed, settings: Settings) -> Iterator[Finding]:
    """A finding for each topic on which an operation is not allowed; one for all of them when there is none."""
    missing = {
        name: sorted(operations - allowed[name])
        for name, operations in needed_operations(settings).items()
        if name in allowed
    }
    wrong = {name: operations for name, operations in missing.items() if operations}
    for name, operations in sorted(wrong.items()):
        words = " ".join(f"--operation {operation.capitalize()}" for operation in operations)
        cure = f"kafka-acls.sh --add --allow-principal User:… {words} --topic {name}"
        yield fail(f"ACL of {name}", f"{', '.join(operations)} is not allowed", cure)
    if missing and not wrong:
        yield ok("ACLs of topics", f"a worker may do what it needs with all {len(missing)}")


def judge_group(allowed: Set[str] | None, group: str) -> Iterator[Finding]:
    """Whether the consumer group may be joined.

    `allowed` None: the broker says nothing of a group without members.
    """
    if allowed is not None and "READ" not in allowed:
        cure = f"kafka-acls.sh --add --allow-principal User:… --operation Read --group {group}"
        yield fail(f"ACL of the group {group}", "READ is not allowed, so no worker can join it", cure)
