"""How campaigns are kept, and how counts are told by the partitions of contacts."""

import msgspec

from streams.domain.campaigns.counts import CampaignCounts
from streams.domain.campaigns.kept import Campaign, Kept, Roll
from streams.domain.formats import Format, Stored
from streams.domain.formats import encode as write


class _Stored(Stored, frozen=True, array_like=True):
    kept: Campaign | Roll


FORMAT = Format(1, _Stored)
_read_counts = msgspec.json.Decoder(CampaignCounts).decode

write_counts = msgspec.json.Encoder().encode
"""The value of a record of `campaign-counts`; its key is the campaign."""


def encode(kept: Kept) -> bytes:
    """The bytes of a campaign, or of the roll."""
    return write(_Stored(FORMAT.number, kept))


def decode(data: bytes) -> Kept:
    """What was encoded. Raises `Unreadable`."""
    return FORMAT.decode(data).kept


def read_counts(key: bytes | None, value: bytes | None) -> tuple[str, CampaignCounts] | None:
    """Campaign and counts in a record of `campaign-counts`; None for one that is not of Harmonia's making."""
    if key is None or value is None:
        return None
    try:
        return key.decode(), _read_counts(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
