"""The header `dl_requeued`: how often a record was requeued from `dead-letters`, when, and what changed it.

It stays with the record, so that one which is refused again is recognised: no new mistake of its producer, but a cure
that did not help.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.dead_letters import OWN_NAMES, Headers
from events.identifiers import Hasher
from events.json_types import UNREADABLE

REQUEUED = "dl_requeued"


class Requeued(Struct, frozen=True, rename={"letter": "from"}):
    """One requeueing of a record.

    `letter` is the place of its dead letter and `origin` that of the refused record (topic/partition/offset each);
    `refused` and `at` are when it was refused and when it was sent again (RFC 3339). `mapping`: the hash of the mapping
    that changed it, None if nothing did. `run`: the id of the command's run. `proof`, of the latest: a seal of this
    record by the identity key, since anybody may write a header. Older versions wrote none.
    """

    at: str
    letter: str
    origin: str
    refused: str
    reason: str | None
    mapping: str | None
    run: str
    proof: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Requeued, ...]).decode


def history_of(headers: Headers) -> tuple[Requeued, ...]:
    """The requeueings in a record's headers, the first one first; none where they cannot be decoded."""
    for name, value in headers:
        if name == REQUEUED and value is not None:
            try:
                return _decode(value)
            except UNREADABLE:
                return ()
    return ()


def was_requeued(value: bytes | None, headers: Headers, hasher: Hasher) -> bool:
    """Whether an operator has requeued this record. A header without a valid proof does not count."""
    if not any(name == REQUEUED for name, _ in headers):
        return False
    history = history_of(headers)
    proof = history[-1].proof if history else None
    return proof is not None and hasher.is_seal(_sealed(history, value, headers), proof)


def own_headers(headers: Headers) -> list[tuple[str, bytes | None]]:
    """The headers of a record that are its producer's."""
    return [header for header in headers if header[0] != REQUEUED and header[0] not in OWN_NAMES]


def with_history(
    value: bytes | None, headers: Headers, history: Sequence[Requeued], hasher: Hasher
) -> list[tuple[str, bytes | None]]:
    """The headers of a record's producer, then the history with the proof of its latest entry."""
    *before, last = history
    proven = replace(last, proof=hasher.seal(_sealed(history, value, headers)))
    return [*own_headers(headers), (REQUEUED, _encode([*before, proven]))]


def _sealed(history: Sequence[Requeued], value: bytes | None, headers: Headers) -> bytes:
    """The bytes that the proof seals: the producer's record and its history without the proof itself."""
    *before, last = history
    own = [(name.encode(errors="surrogatepass"), text) for name, text in own_headers(headers)]
    return msgspec.msgpack.encode([[*before, replace(last, proof=None)], value, own])
