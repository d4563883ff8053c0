"""The agent of the Redis sink: gives Redis the newest profile and link of each contact.

It reads `contact-state` first, then `contact-links`: that somebody stands alone again takes away the mark of who
absorbed them.
"""

from typing import ClassVar

import msgspec
from msgspec import Struct

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import ContactChange
from streams.engine.runs import KafkaRecord
from streams.worker.agents.sinks.sink_connector import RecordReaders, SinkConnector


class _Link(Struct, frozen=True):
    merged_into: str


_read_link = msgspec.json.Decoder(_Link).decode


def link_of(record: KafkaRecord) -> ContactChange | None:
    """The change that a record of `contact-links` makes; None for one that is not of Harmonia's making."""
    version = dict(record.headers).get("version")
    if record.key is None or version is None or not version.isdigit():
        return None
    try:
        survivor = None if record.value is None else _read_link(record.value).merged_into
        return ContactChange(record.key.decode(), int(version), None, None, survivor, alone=survivor is None)
    except (ValueError, RecursionError):  # no JSON of that shape, no UTF-8, or no number that anybody counts to
        return None


def change_of(record: KafkaRecord) -> ContactChange | None:
    """The change that a record of `contact-state` makes; None for one that is not of Harmonia's making."""
    headers = dict(record.headers)
    version = headers.get("version")
    if record.key is None or version is None or not version.isdigit():
        return None
    reason, merged_into = headers.get("reason"), headers.get("merged_into")
    try:
        return ContactChange(
            contact_id=record.key.decode(),
            version=int(version),
            profile=record.value,
            reason=reason.decode() if reason else None,
            merged_into=merged_into.decode() if merged_into else None,
        )
    except ValueError:  # no UTF-8, or no number that anybody counts to
        return None


class ContactStateConnector(SinkConnector[ContactChange]):
    """Feeds a sink of contacts, that on Redis, from `contact-state` and `contact-links`."""

    name: ClassVar[str] = "redis"

    def readers(self) -> RecordReaders[ContactChange]:
        """See `SinkConnector`."""
        return {CONTACT_STATE: change_of, CONTACT_LINKS: link_of}
