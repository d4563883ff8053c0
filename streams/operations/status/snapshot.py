"""One look at everything. Neither Kafka nor Redis keeps the other from being looked at."""

from contextlib import closing
from pathlib import Path

from streams.domain.pressure import FileMistakes, read_policy
from streams.operations.status.kafka_side import look_at_kafka
from streams.operations.status.observations import Seen
from streams.operations.status.redis_side import look_at_redis
from streams.platform.clients import tool_redis
from streams.platform.settings import Settings
from streams.platform.tried_address import redis_tried
from streams.worker.measuring.fullness import disk_used


def look(settings: Settings, now: int) -> Seen:
    """Takes some seconds where something waits or is away. `now`: ms since 1970."""
    with closing(tool_redis(settings)) as client:
        redis = look_at_redis(client, settings.partitions)
    if isinstance(redis, str):
        redis = f"{redis} ({redis_tried(settings)})"
    state = settings.state_dir
    return Seen(
        at=now,
        kafka=look_at_kafka(settings, now),
        redis=redis,
        disk_used=disk_used(state) if state.is_dir() else None,
        policy_mistake=_mistake(settings.policy),
    )


def _mistake(policy: Path | None) -> str | None:
    if policy is None:
        return None
    try:
        found = read_policy(policy.read_text(encoding="utf-8"))
    except OSError as error:
        return f"HARMONIA_POLICY cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "HARMONIA_POLICY is not UTF-8 text"
    return "HARMONIA_POLICY is broken: harmonia policy check says how" if isinstance(found, FileMistakes) else None
