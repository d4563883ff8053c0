"""Whether agents have told each other anything that nobody has handled yet.

Transactions write to the topics between agents, so a partition that is done may end with markers, which nobody handles.
What one offset more or less means here is a person whose roof is not there: so what is left is read, and not counted.
"""

from events.topics import INTERNAL_TOPICS
from streams.demo.deployment import Deployment

_POLL_MS = 200


def nothing_is_between(deployment: Deployment) -> bool:
    """Whether the group has done every record of the internal topics."""
    # In this order: what is not done when it is asked for may tell more, and that comes after the ends.
    consumer, done = deployment.consumer, deployment.observer.committed()
    ends = deployment.observer.ends(topic.name for topic in INTERNAL_TOPICS)
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
