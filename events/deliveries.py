"""What `harmonia deliver` says of its deliveries: the JSON values of its topics.

Times are RFC 3339, UTC, those of waits ms since 1970. No body and no contact is in any: a delivery is named by the
place of its record, from which it is read again.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

DeliveryFate = Literal["delivered", "waiting", "dead", "gone", "dropped"]
"""What became of an attempt. `waiting`: it is tried again; `dead`: never, unless replayed; `gone`: the topic had the
record no more; `dropped`: its contact was erased meanwhile."""


class EndpointPosition(TypedDict):
    """A value of `deliveries`, by `endpoint/topic/partition`: what one endpoint has still to be told of a partition.

    `waits`: by offset how often it was tried, when it is next, in ms, and a hash of its key. `said`: of each
    experiment a fingerprint of what was told last.
    """

    topic_id: str
    position: int
    waits: dict[str, tuple[int, int, str]]
    told_of_contacts: bool
    said: dict[str, str]


class EndpointStatus(TypedDict):
    """A value of `deliveries`, by `endpoint`: it answered 410 at an address, of which `url` is a hash."""

    disabled_at: str
    url: str


class ReplayRequest(TypedDict):
    """A value of `deliveries`, by `endpoint/replay`: tell it once more; null once that is noted in its positions.

    `failed`: only what is dead.
    """

    since: str
    failed: bool
    at: str


class DeliveryOwner(TypedDict):
    """A value of `deliveries`, by `/owner`: the process that tells the endpoints; one that was before it ends."""

    process: str


class DeliveryLogEntry(TypedDict):
    """The value of `delivery-log`: one attempt. `status`: of HTTP, 0 where no answer came. `id`: its `webhook-id`."""

    endpoint: str
    id: str
    topic: str
    partition: int
    offset: int
    at: str
    fate: DeliveryFate
    status: int
    attempts: int
    trouble: NotRequired[str]


class DeadDelivery(TypedDict):
    """The value of `dead-deliveries`: what an endpoint was not told, though it was tried for a day and a half."""

    endpoint: str
    id: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    at: str
    status: int
