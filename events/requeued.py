"""Header `dl_requeued`: how often a record came back from `dead-letters`, when, and what was changed in it.

It travels with the record, so that one which is refused again is known for what it is: not a new mistake of its
producer, but a cure that did not help.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from events.dead_letters import OWN_NAMES, Headers

REQUEUED = "dl_requeued"


class Requeued(Struct, frozen=True, rename={"letter": "from"}):
    """One time that it was sent anew.

    `letter` is where its dead letter stood and `origin` where the refused record did (topic/partition/offset each);
    `refused` and `at` are when it was refused and when it was sent (RFC 3339). `mapping`: the hash of what changed it,
    None if nothing did. `run`: of which call of the command.
    """

    at: str
    letter: str
    origin: str
    refused: str
    reason: str | None
    mapping: str | None
    run: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Requeued, ...]).decode


def history_of(headers: Headers) -> tuple[Requeued, ...]:
    """What a record's headers tell, the first time first; nothing where they cannot be read."""
    for name, value in headers:
        if name == REQUEUED and value is not None:
            try:
                return _decode(value)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return ()
    return ()


def own_headers(headers: Headers) -> list[tuple[str, bytes | None]]:
    """The headers that a record had from its producer."""
    return [header for header in headers if header[0] != REQUEUED and header[0] not in OWN_NAMES]


def with_history(headers: Headers, history: Sequence[Requeued]) -> list[tuple[str, bytes | None]]:
    """The producer's headers, and the history behind them."""
    return [*own_headers(headers), (REQUEUED, _encode(history))]
