"""Turns the drafts of all adapters into interactions.

A draft is judged by the rules of the input topics themselves, so that nothing is accepted here and refused there. Its
id is a hash of the values that identify the act, because vendors change their own event ids from one delivery to the
next, or send none; the time of receipt is no part of it.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import orjson

from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.envelope import Interaction, Record, decode
from events.interactions.base import SourcedData
from events.json_types import JSON, UNREADABLE
from events.limits import is_crowded
from events.purpose_wall import through_the_wall
from events.refusal import Reason, Refusal
from events.registry import topic_of, types_that
from events.times import render_time

ID_BYTES = 16
OF_THE_PERSON = types_that(lambda spec: spec.is_own_act and issubclass(spec.model, SourcedData)) - {"consent.changed"}
"""Types by which people leave their contact themselves: gifts, forms, RSVPs. A consent may be a vendor's own word."""
MAX_ELEMENTS = 10_000
"""The most elements of one body; no vendor sends so many at once."""

_NOT_JSON = Refusal(Reason.NOT_JSON, "body: send JSON in UTF-8, an object or an array of objects")
_NOT_AN_OBJECT = Refusal(Reason.INVALID_DATA, "element: must be a JSON object")
_CROWDED = Refusal(Reason.TOO_LARGE, "body: holds more values than any vendor sends at once")
_TOO_MANY = Refusal(Reason.TOO_LARGE, f"body: at most {MAX_ELEMENTS} elements")
_BAD_NUMBER = Refusal(Reason.INVALID_DATA, "element: holds a number that no JSON integer or float can carry")


class Draft(NamedTuple):
    """An interaction as an adapter proposes it, before it is judged.

    `act`: the values that identify the act, in a fixed order, those compared without case in lower case. `time`: ms
    since 1970, or why there is none.
    """

    type: str
    time: int | Refusal
    act: tuple[JSON, ...]
    data: dict[str, JSON]


DraftResult = Draft | Refusal | SkippedElement
ElementReader = Callable[[dict[str, JSON], Feed], Iterable[DraftResult]]
"""The vendor's own part of an adapter: an element to its drafts. Raises nothing for any JSON object."""


def read_elements(body: bytes, feed: Feed, one: ElementReader) -> list[AdapterResult]:
    """The results of a body, an array of objects or one object, in order."""
    elements = split(body)
    if isinstance(elements, Refusal):
        return [RefusedElement(body, elements)]
    return [result for element in elements for result in _read(element, feed, one)]


def read_listed(body: bytes, name: str, feed: Feed, one: ElementReader) -> list[AdapterResult]:
    """The results of a body that lists its elements under a name; each is refused alone."""
    if is_crowded(body):
        return [RefusedElement(body, _CROWDED)]
    try:
        listed = bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(name, b""))
    except UNREADABLE:
        listed = b""
    return read_elements(listed if listed[:1] == b"[" else body, feed, one)


def split(body: bytes) -> list[bytes] | Refusal:
    """The elements of an array byte for byte; a body that is no array is one element."""
    if is_crowded(body):
        return _CROWDED
    try:
        if body.lstrip()[:1] != b"[":
            return [body]
        elements = msgspec.json.decode(body, type=list[msgspec.Raw])
    except UNREADABLE:
        return _NOT_JSON
    return _TOO_MANY if len(elements) > MAX_ELEMENTS else [bytes(raw) for raw in elements]


def _read(element: bytes, feed: Feed, one: ElementReader) -> Iterator[AdapterResult]:
    try:
        read: JSON = orjson.loads(element)
    except orjson.JSONDecodeError:
        yield RefusedElement(element, _NOT_JSON)
        return
    if not isinstance(read, dict):
        yield RefusedElement(element, _NOT_AN_OBJECT)
        return
    try:
        yield from [settle(proposed, element, feed) for proposed in one(read, feed)]
    except Exception as error:  # noqa: BLE001 - it costs this element alone
        yield RefusedElement(element, adapter_failure(error))


def adapter_failure(error: Exception) -> Refusal:
    """The refusal of data on which an adapter raises, which none should."""
    return Refusal(Reason.INVALID_DATA, f"element: its adapter fails on it ({type(error).__name__}): report that")


def settle(proposed: DraftResult, element: bytes, feed: Feed) -> AdapterResult:
    """The result of one draft; `element`: the bytes that a refusal passes on."""
    if isinstance(proposed, SkippedElement):
        return proposed
    judged = proposed if isinstance(proposed, Refusal) else judge(proposed, feed)
    return RefusedElement(element, judged) if isinstance(judged, Refusal) else judged


def judge(draft: Draft, feed: Feed) -> Interaction | Refusal:
    """The interaction of a draft, or the first reason for which the input topic of its type would refuse it."""
    if isinstance(draft.time, Refusal):
        return draft.time
    event: dict[str, JSON] = {
        "specversion": "1.0",
        "id": id_of(draft.act),
        "source": feed.source,
        "type": draft.type,
        "time": render_time(draft.time),
        "data": draft.data | _provenance(draft, feed),
    }
    try:
        value = orjson.dumps(event)
    except orjson.JSONEncodeError:
        return _BAD_NUMBER
    found = decode(Record(topic_of(draft.type), value, (), feed.received_at), feed.phone_region)
    return through_the_wall(found, feed.wall) if isinstance(found, Interaction) else found


def _provenance(draft: Draft, feed: Feed) -> dict[str, JSON]:
    """The provenance that an account gives, where it speaks of such an act and the act names none."""
    if feed.provenance is None or draft.type not in OF_THE_PERSON or "provenance" in draft.data:
        return {}
    return {"provenance": feed.provenance.plain()}


def id_of(act: tuple[JSON, ...]) -> str:
    """The id of an act, 32 hex digits: the same for every delivery, in whatever order its keys come."""
    return blake2b(orjson.dumps(act, option=orjson.OPT_SORT_KEYS), digest_size=ID_BYTES).hexdigest()
