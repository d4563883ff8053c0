"""Sentences of `harmonia status`: what is wrong, and the verdict of the screen."""

from collections.abc import Mapping

from streams.domain.messages.fields import Plural, Template

STATUS: Mapping[str, Template] = {
    "status.well": "everything flows",
    "status.ticket": "it flows, and something is to be looked at",
    "status.replicas": "it flows, but one broker more may not fail",
    "status.process": "NOT WELL, though nobody has to be woken: a process is away or behind",
    "status.page": "NOT WELL",
    "status.kafka_away": "Kafka: {error}; is KAFKA_BOOTSTRAP right and the broker up? ({tried})",
    "status.kafka_offline": Plural(
        "partitions",
        "{partitions:d} partition has no leader ({topics}); Kafka does not say all ({error}): are brokers down?",
        "{partitions:d} partitions have no leader ({topics}); Kafka does not say all ({error}): are brokers down?",
    ),
    "status.redis_away": "Redis: {error}; is REDIS_URL right and the server up?",
    "status.redis_away_tried": "Redis: {error}; is REDIS_URL right and the server up? ({tried})",
    "status.tried": "tried {address}, as {variable} says",
    "status.tried_from_env_file": "tried {address}, as {variable} says (in the file .env)",
    "status.tried_default": "tried {address}, the default: {variable} is not set, in .env neither",
    "status.tried_default_no_env_file": (
        "tried {address}, the default: {variable} is not set, and there is no .env in {folder}"
    ),
    "status.topics_missing": "not there: {topics}; harmonia topics create",
    "status.no_worker": "no worker runs",
    "status.flood": "{refused} of {came_in} records were refused in the last hour",
    "status.in_the_last_hour": "{sentence} in the last hour",
    "status.clock_ahead": Plural(
        "words",
        "{source}: its clock is ahead; {words:d} word that opens something is dated by its record",
        "{source}: its clock is ahead; {words:d} words that open something are dated by their records",
    ),
    "status.oldest_waits": "{topic}: the oldest record has waited for {waited:s}",
    "status.stalled": "{topic}: nothing is done in partition {partitions}",
    "status.unowned": Plural(
        "partitions",
        "{topic}: {partitions:d} partition has no worker",
        "{topic}: {partitions:d} partitions have no worker",
    ),
    "status.offline": Plural(
        "partitions",
        "{partitions:d} partition has no leader, so nothing is written or read there: {topics}",
        "{partitions:d} partitions have no leader, so nothing is written or read there: {topics}",
    ),
    "status.unwritable": Plural(
        "partitions",
        "{partitions:d} partition has too few replicas in sync, so nothing is written there: {topics}",
        "{partitions:d} partitions have too few replicas in sync, so nothing is written there: {topics}",
    ),
    "status.one_broker_more": Plural(
        "partitions",
        "{partitions:d} partition lacks a replica in sync: it flows, but one broker more may not fail",
        "{partitions:d} partitions lack a replica in sync: it flows, but one broker more may not fail",
    ),
    "status.replica_missing": Plural(
        "partitions",
        "{partitions:d} partition lacks a replica in sync",
        "{partitions:d} partitions lack a replica in sync",
    ),
    "status.lag_grows": Plural(
        "records",
        "{topic}: {records} record waits, and more come than are done",
        "{topic}: {records} records wait, and more come than are done",
    ),
    "status.redis_full": "{share:tight} of its memory is used",
    "status.disk_full": "the disk of HARMONIA_STATE_DIR is {share:tight} full",
    "status.of_topic": "{topic}: {what}",
    "status.of_process": "harmonia {process}: {what}",
    "process.away": "nothing answers at its address in HARMONIA_WATCHED ({error})",
    "process.not_ready": "its /readyz answers {status}, and says why it is not ready",
    "process.other_address": (
        "its address in HARMONIA_WATCHED is no address of /metrics: {path} there answers {status}; "
        "give the address of its metrics, which it says when it starts"
    ),
    "process.unknown": "whether it runs is not known, since Kafka does not answer ({error})",
    "process.postgres_away": "PostgreSQL does not answer ({error}); docs/postgres.md says what the code means",
    "process.postgres_never_filled": "HARMONIA_POSTGRES is set, and PostgreSQL was never filled",
    "process.postgres_never_held": "PostgreSQL never held all of {topics}: the process is away, or still fills it",
    "process.postgres_behind": "PostgreSQL last held all {ago:s} ago: the process is away or behind",
    "process.deliver_behind": (
        "what is older than a minute was not read for {endpoints}: the process is away, or deliveries pile up"
    ),
    "process.deliver_not_begun": "HARMONIA_DELIVER names {endpoints}, for which the process has not begun",
    "process.deliver_unreadable": (
        "HARMONIA_DELIVER names a file that cannot be used, and nothing was ever delivered: "
        "the log of the process says why"
    ),
    "process.no_desk": "no desk can be read at HARMONIA_DESK: the process has never run, or is of another version",
    "process.desk_filling": "the desk is not filled yet",
    "process.desk_behind": "the desk has all of {ago:s} ago: the process is away or behind",
    "status.missing": Plural(
        "partitions",
        "{partitions} partition is missing or being filled",
        "{partitions} partitions are missing or being filled",
    ),
    "status.never_held_all": "Redis never held all",
    "status.last_held_all": "Redis last held all {ago:s} ago",
    "redis.missing": "in Redis {where} is missing",
    "redis.refilling": "in Redis {where} is refilling",
    "redis.too_old": "in Redis {where} is too old",
    "redis.other_key": "in Redis {where} is other key",
    "redis.other_regime": "in Redis {where} is other regime",
    "status.policy_unreadable": "HARMONIA_POLICY cannot be read: {error}",
    "status.policy_not_text": "HARMONIA_POLICY is not UTF-8 text",
    "status.policy_broken": "HARMONIA_POLICY is broken: harmonia policy check says how",
}
