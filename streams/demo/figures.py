"""What the demo measured, in the form that programs read (`--json`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Latency:
    """From the producer's acknowledgement to the profile in Redis, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Donor:
    """A contact by money. `net`: minor units by currency, gifts less refunds."""

    contact_id: str
    region: str | None
    gifts: int
    net: Mapping[str, int]
    last_at: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run.

    `published`: records sent to the input topics. `accepted`: those of them in `interactions`, repeats included.
    `duplicates`: accepted ones that the fold had before. `dead_letters`: by reason, rows of the import included.
    `net_donations`: minor units by currency. `top_donors`: those who gave most. `seconds`: from the first record
    published to the last profile in Redis.
    """

    published: int
    accepted: int
    duplicates: int
    dead_letters: Mapping[str, int]
    contacts: int
    net_donations: Mapping[str, int]
    seconds: float
    events_per_second: float
    latency_ms: Latency
    top_donors: Sequence[Donor] = ()

    def to_json(self) -> bytes:
        """One JSON object with exactly these keys."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
