"""Judges brokers and Redis by what they say of themselves: pure."""

from collections.abc import Iterator, Mapping

from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.settings import Settings

OLDEST_KAFKA = (3, 0)
"""The first version that can describe transactions, as workers need it."""
ABORT_INTERVAL, SOON_MS = "transaction.abort.timed.out.transaction.cleanup.interval.ms", 1000
OLDEST_REDIS = (6, 2)
FULL_SHARE = 0.85
SOME_SKEW_S, MUCH_SKEW_S = 2.0, 60.0


def judge_brokers(versions: Mapping[int, tuple[int, ...]], settings: Settings) -> Iterator[Finding]:
    """Number and versions of brokers. `versions`: of each broker that is up, as far as it is known."""
    count, want = len(versions), settings.replication
    found = ", ".join(f"{broker}: {_text(version)}" for broker, version in sorted(versions.items()))
    if count < want:
        yield fail("brokers", f"{count} are up ({found}); each topic wants {want}", "start more, or lower the setting")
    else:
        yield ok("brokers", f"{count} up ({found})")
    if old := [broker for broker, version in versions.items() if version and version < OLDEST_KAFKA]:
        cure = f"upgrade to Kafka {_text(OLDEST_KAFKA)} or newer"
        yield fail("Kafka's version", f"of the brokers {old} it is too old", cure)
    if want == 1 and not settings.kafka_is_local:
        cure = "HARMONIA_REPLICATION=3 before `topics create`: the disk of one broker is all that there is"
        yield warn("replication", "every topic has one replica", cure)


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
