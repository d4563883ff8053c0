"""Judges replication: copies in sync, leaders, who may become one, and how many replicas topics have. Pure."""

from collections.abc import Collection, Iterable, Iterator

from streams.domain.replication import Numbers, ReplicationState, TopicReplicas, judge_replication
from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.settings import Settings

RUNBOOK = "docs/runbooks/under-replicated.md"
_MOST_NAMED = 4
_SETTING_OF_INTERNAL = {
    "__consumer_offsets": "offsets.topic.replication.factor",
    "__transaction_state": "transaction.state.log.replication.factor",
}


def judge_replicas(
    own: Collection[TopicReplicas], internal: Collection[TopicReplicas], brokers: int, settings: Settings
) -> Iterator[Finding]:
    """What is wrong with the replicas of Harmonia's topics and of Kafka's own; one `ok` where nothing is."""
    state = judge_replication([*own, *internal], brokers)
    wrong = [*_now(state), *_in_the_next_fault(state), *_sparse(state, brokers), *_alone(own, brokers, settings)]
    count = sum(len(topic.partitions) for topic in (*own, *internal))
    yield from wrong or [ok("replicas", f"all {count} partitions have a leader and all their replicas in sync")]


def judge_default(default: int | None, settings: Settings) -> Iterator[Finding]:
    """Whether the setting takes less than the brokers give a topic. `default`: theirs; None: this user may not ask."""
    if settings.replication is not None and default is not None and settings.replication < default:
        found = f"{settings.replication}, where brokers would give each new topic {default} replicas"
        yield warn("HARMONIA_REPLICATION", found, "take the setting away before `topics create`")


def _now(state: ReplicationState) -> Iterator[Finding]:
    cure = f"start the brokers that are missing: {RUNBOOK}"
    if state.offline:
        yield fail("partitions without a leader", f"{_of(state.offline)}: nothing is written or read there", cure)
    if state.unwritable:
        found = f"too few for min.insync.replicas in {_of(state.unwritable)}: nothing is written there"
        yield fail("replicas in sync", found, cure)
    if state.short:
        edge = "; one broker more may not fail" if state.at_the_edge else ""
        yield warn("replicas", f"one is missing or behind in {_of(state.short)}{edge}", cure)


def _in_the_next_fault(state: ReplicationState) -> Iterator[Finding]:
    if state.unclean:
        found = f"a replica that lacks records may lead {_named(state.unclean)}: what was acknowledged is lost then"
        cure = "unclean.leader.election.enable=false in the brokers' configuration, and take it off these topics"
        yield fail("unclean elections", found, cure)
    if state.without_spare:
        found = f"none may be missing of {_named(state.without_spare)}: min.insync.replicas is as many as there are"
        yield warn(
            "replicas in sync", found, "one less, by kafka-configs.sh --alter --add-config min.insync.replicas=…"
        )


def _sparse(state: ReplicationState, brokers: int) -> Iterator[Finding]:
    for name, count in state.sparse_internal.items():
        found = f"it has {_replicas(count)}, and {brokers} brokers are up: without that broker nothing is committed"
        cure = f"add replicas with kafka-reassign-partitions.sh; {_SETTING_OF_INTERNAL[name]} is for a new cluster"
        yield warn(f"topic {name}", found, cure)


def _alone(own: Iterable[TopicReplicas], brokers: int, settings: Settings) -> Iterator[Finding]:
    """A topic whose only copy is on one disk; nothing of a broker of this machine, which is there to be tried."""
    single = [topic.name for topic in own if topic.replication == 1]
    if single and (brokers > 1 or not settings.kafka_is_local):
        cure = "HARMONIA_REPLICATION=3 before `topics create`; kafka-reassign-partitions.sh for those that are there"
        yield warn("replication", f"one replica, on the disk of one broker, have {_named(single)}", cure)


def _of(numbers: Numbers) -> str:
    count = sum(map(len, numbers.values()))
    return f"{count} {'partition' if count == 1 else 'partitions'} of {_named([*numbers])}"


def _named(topics: Collection[str]) -> str:
    first, more = [*topics][:_MOST_NAMED], len(topics) - _MOST_NAMED
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _replicas(count: int) -> str:
    return f"{count} {'replica' if count == 1 else 'replicas'}"
