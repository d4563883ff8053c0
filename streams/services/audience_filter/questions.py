"""From the rows of an audience to whom is asked about, and the rows that name nobody."""

from collections.abc import Sequence
from typing import Literal

from events.identifiers import Hasher, ref_of
from events.interactions.base import Channel
from streams.services.audience import Header, Record, fields_of, hashes_of
from streams.services.audience.header import Field
from streams.services.permission.decisions import Asked

Trouble = Literal["malformed_row", "no_identifier"]
_ADDRESS: dict[Channel, Field] = {"email": "email", "text": "phone", "phone": "phone"}


class Reader:
    """Reads rows as `channel` needs them.

    A message goes to the address in its row, so the person is looked for by that first: whoever closed it must be
    found, even where another identifier of the row leads to somebody else.
    """

    def __init__(self, header: Header, channel: Channel, hasher: Hasher) -> None:
        field = _ADDRESS.get(channel)
        self._column = None if field is None else header.column(field)
        self._header = header.beginning_with(self._column)
        self._hasher = hasher

    def read(self, record: Record) -> Asked | Trouble:
        """Whom a row names, or why it names nobody."""
        fields = None if record.broken else fields_of(record.raw, self._header.width)
        if fields is None:
            return "malformed_row"
        names = hashes_of(self._header, fields, self._hasher)
        if not names:
            return "no_identifier"
        if self._column is None or not fields[self._column.position].strip():
            return Asked(names)
        return _by_address(names, f"{self._column.field}:")


def _by_address(names: Sequence[str], kind: str) -> Asked | Trouble:
    """An address that is there and can't be read is not sent to, whoever the row is."""
    refs = [ref_of(name) for name in names if name.startswith(kind)]
    return Asked(names, refs) if refs else "no_identifier"
