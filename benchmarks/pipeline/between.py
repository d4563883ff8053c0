"""Whether agents have told each other anything that nobody has handled yet.

Transactions write to the topics between agents, so a partition that is done may end with markers, which nobody handles.
What one offset more or less means here is a person whose roof is not there: so what is left is read, and not counted.
"""

from kafka import TopicPartition

from events.topics import INTERNAL_TOPICS
from streams.clients import KafkaClients
from streams.demo.deployment import Deployment

_POLL_MS = 200


def nothing_is_between(deployment: Deployment) -> bool:
    """Whether the group has done every record of the internal topics."""
    consumer, ends = deployment.consumer, deployment.observer.ends(topic.name for topic in INTERNAL_TOPICS)
    done = _done(deployment)
    left = {tp: done.get(tp, 0) for tp, end in ends.items() if done.get(tp, 0) < end}
    if not left:
        return True
    consumer.assign(list(left))
    for tp, offset in left.items():
        consumer.seek(tp, offset)
    while any(consumer.position(tp) < ends[tp] for tp in left):
        if consumer.poll(timeout_ms=_POLL_MS, max_records=1):
            return False
    return True


def _done(deployment: Deployment) -> dict[TopicPartition, int]:
    group = deployment.settings.app_id
    admin = KafkaClients(deployment.settings).admin()
    try:
        return {tp: max(0, entry.offset) for tp, entry in admin.list_group_offsets(group)[group].items()}
    finally:
        admin.close()
