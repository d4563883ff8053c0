"""How many are members of a segment in a partition, and how often somebody came or went."""

import msgspec
from msgspec import Struct

from events.segments import SegmentState


class Tally(Struct, array_like=True):
    """The count of one segment by one edition; see `SegmentCount`. It is counted on while a chunk is folded."""

    edition: str
    state: SegmentState
    members: int = 0
    entered: int = 0
    left: int = 0

    def come(self, told: int) -> None:
        """One member more. `told`: 1 where that counts as an entry, else 0."""
        self.members += 1
        self.entered += told

    def go(self, told: int) -> None:
        """One member less. `told`: 1 where that counts as an exit, else 0."""
        self.members -= 1
        self.left += told


write_tally = msgspec.msgpack.Encoder().encode
read_tally = msgspec.msgpack.Decoder(Tally).decode
