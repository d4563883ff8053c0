"""Whether all that people did by now is known, so that nobody is taken for somebody who has done nothing.

A command overtakes what waits in other topics: it comes by one of its own, and is judged by what workers have heard.
"""

from collections.abc import Iterator

from events.topics import CONTACT_FRAGMENTS, CONTACT_ROOFS, INPUT_TOPICS, INTERACTIONS
from streams.domain.messages import CodedMessage, Duration, message
from streams.domain.quarantine.held_records import quarantine_message
from streams.operations.status.observations import KafkaObservation

_LEAD_TO_PEOPLE = frozenset({*(topic.name for topic in INPUT_TOPICS), INTERACTIONS, CONTACT_ROOFS, CONTACT_FRAGMENTS})
MOST_WAIT_S = 15.0
"""Workers commit every second: what has waited for longer is a backlog."""


def unheard(seen: KafkaObservation | CodedMessage) -> CodedMessage | None:
    """Why it is not sure that everything has been heard: no worker runs, or is behind; None: it is."""
    if isinstance(seen, CodedMessage):
        return seen
    if not seen.members:
        return message("status.no_worker")
    behind = [flow for flow in seen.flows if flow.topic in _LEAD_TO_PEOPLE and flow.waits_s > MOST_WAIT_S]
    if not behind:
        return None
    most = max(behind, key=lambda flow: flow.waits_s)
    return message("status.oldest_waits", topic=most.topic, waited=Duration(most.waits_s))


def held_back(seen: KafkaObservation) -> Iterator[CodedMessage]:
    """Each source of which something is held, or may be, and has not been heard."""
    for each in seen.quarantines:
        yield message("source.named", source=each.source, what=quarantine_message(each))
