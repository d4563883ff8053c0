"""Puts what the topics say on the shelf: who is closed on a channel, and by which identifiers they are found."""

from collections.abc import Iterable
from typing import Any

import orjson

from events.interactions.base import Channel
from streams.services.suppressions.closed_channels import closing_of
from streams.services.suppressions.newest_by_contact import Link, Shelf


def read_closings(records: Iterable[Any], channel: Channel, shelf: Shelf) -> None:
    """Take records of `contact-suppressions`, in their order."""
    for record in records:
        shelf.closings.put(record.key.decode(), closing_of(record.value, channel))
    shelf.closings.flush()


def read_links(records: Iterable[Any], shelf: Shelf) -> None:
    """Take records of `contact-links`, in their order."""
    for record in records:
        link = None if record.value is None else Link(orjson.loads(record.value)["merged_into"])
        shelf.links.put(record.key.decode(), link)
    shelf.links.flush()
