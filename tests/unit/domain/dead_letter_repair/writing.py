"""Dead letters as intake and others write them."""

import orjson

from events.dead_letters import Origin, dead_letter_headers
from events.identifiers import Hasher
from events.refusal import Reason, Refusal
from events.requeued import Requeued
from events.topics import DEAD_LETTERS
from streams.domain.dead_letter_repair.letters import Letter, RecordPosition, read_letter
from streams.domain.dead_letter_repair.mapping import Mapping, read_mapping
from streams.domain.dead_letter_repair.verdicts import RequeueRules
from tests.unit.events.records import NOW, event

HASHER = Hasher([b"a key"])
Headers = list[tuple[str, bytes | None]]


def letter(  # noqa: PLR0913 (a record and why it was refused)
    value: bytes | None = b"{",
    *,
    headers: Headers | None = None,
    topic: str = "email-events",
    stage: str = "intake",
    reason: Reason = Reason.INVALID_DATA,
    detail: str = "data.message_id: is missing",
    at: int = NOW,
    offset: int = 42,
) -> Letter:
    added = dead_letter_headers(headers or [], Refusal(reason, detail), Origin(stage, topic, 3, offset), at)
    found = read_letter(RecordPosition(DEAD_LETTERS, 3, offset + 1000), b"key", value, added)
    assert found is not None
    return found


def saying(type_: str = "email.opened", **data: object) -> bytes:
    """A structured event; a field that is None is left out of its `data`."""
    said = event(type_)
    body = said["data"]
    assert isinstance(body, dict)
    return orjson.dumps(
        {**said, "data": {name: value for name, value in {**body, **data}.items() if value is not None}}
    )


def rules(mapping: str | None = None, **others: int | bool) -> RequeueRules:
    return RequeueRules(NOW, HASHER, "a run", None if mapping is None else mapping_of(mapping), **others)  # type: ignore[arg-type]


def mapping_of(text: str) -> Mapping:
    found = read_mapping(text)
    assert isinstance(found, Mapping), str(found)
    return found


def once(refused: str = "2012-02-22T10:00:00.000Z") -> Requeued:
    return Requeued(refused, "dead-letters/3/1", "email-events/3/2", refused, "no_time", None, "another run")
