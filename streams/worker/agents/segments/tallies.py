"""How many are members of a segment in a partition, and how often somebody came or went."""

import msgspec
from msgspec import Struct

from events.segments import SegmentState


class Tally(Struct, frozen=True, array_like=True):
    """The count of one segment by one edition; see `SegmentCount`."""

    edition: str
    state: SegmentState
    members: int = 0
    entered: int = 0
    left: int = 0


write_tally = msgspec.msgpack.Encoder().encode
read_tally = msgspec.msgpack.Decoder(Tally).decode
