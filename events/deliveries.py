"""What `harmonia deliver` says of its deliveries: the JSON values of its topics.

Times are RFC 3339, UTC, those of waits ms since 1970. No body is in any, and no contact but those whom an endpoint has
still to forget: a delivery is named by the place of its record, from which it is read again.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

DeliveryFate = Literal["delivered", "waiting", "dead", "gone", "dropped"]
"""What became of an attempt. `waiting`: it is tried again; `dead`: never, unless replayed; `gone`: the topic had the
record no more; `dropped`: its contact was erased meanwhile, or the file names the endpoint or the topic no longer."""


class EndpointPosition(TypedDict):
    """A value of `deliveries`, by `endpoint/topic/partition`: what one endpoint has still to be told of a partition.

    `waits`: by offset how often it was tried, when it is next, a hash of its key, when it was appended, whether it says
    that its contact was erased, the id of whom it says to forget, else nothing, and how often its line came. `said`: of
    each experiment a fingerprint of what was told last, and of each line of a digest when.
    """

    topic_id: str
    position: int
    waits: dict[str, tuple[int, int, str, int, bool, str, int]]
    told_of_contacts: bool
    said: dict[str, str]


class EndpointStatus(TypedDict):
    """A value of `deliveries`, by `endpoint`: how it answers, at an address of which `url` is a hash.

    `kind`: of the endpoint. `failures`: on end, without an answer or with trouble. `open_until`: nothing is sent
    before, null: it may be now. `disabled_at`: when it answered 410, null: it did not.
    """

    kind: NotRequired[str]
    url: str
    failures: int
    open_until: str | None
    disabled_at: str | None


class ReplayRequest(TypedDict):
    """A value of `deliveries`, by `endpoint/replay`: somebody wants it told once more. `failed`: only what is dead."""

    since: str
    failed: bool
    at: str


class ReplayProgress(TypedDict):
    """A value of `deliveries`, by `endpoint/replayed`: the last request, by its offset, that was begun to be fulfilled.

    `dead_from`: an offset of `dead-deliveries` at which it goes on; null once all of it is noted in the positions.
    """

    request: int
    dead_from: int | None


class DeliveryOwner(TypedDict):
    """A value of `deliveries`, by `/owner`: the process that tells the endpoints; one that was before it ends."""

    process: str


class DeliveryLogEntry(TypedDict):
    """The value of `delivery-log`: one attempt. `status`: of HTTP, 0 where no answer came. `id`: its `webhook-id`.

    `trouble`: the kind of error in a word. `offsets`: of how many records it says so, beginning with this one: of those
    that expired unread, markers of transactions among them, and of those that waited for what the file names no longer.
    """

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
    offsets: NotRequired[int]


class DeadDelivery(TypedDict):
    """The value of `dead-deliveries`: what an endpoint was not told, though it was tried for a day and a half.

    `line`, `appended_at` and `tells_erasure`: of its record, as in `deliveries`; times of it in ms.
    """

    endpoint: str
    id: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    at: str
    status: int
    line: str
    appended_at: int
    tells_erasure: bool
