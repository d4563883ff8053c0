"""What the sender must hear besides the file: who may be missing from it. Rows are named by line, never by content."""

from collections.abc import Iterator

from streams.services.suppressions.matching import Tally

_NAMED = 10


def troubles(tally: Tally, *, for_vendor: bool) -> Iterator[str]:
    """Why somebody who is closed may be contacted nevertheless. `for_vendor`: by contact_id, in a vendor's format."""
    if for_vendor and tally.hashed:
        yield (
            f"{tally.hashed} of {tally.written} rows name a person by a keyed hash, which no vendor knows: "
            "give your own list as --match"
        )
    if tally.malformed:
        yield f"--match: {len(tally.malformed)} malformed rows are left out: {_lines(tally.malformed)}"


def notices(tally: Tally) -> Iterator[str]:
    """What is as it should be, and worth knowing."""
    if tally.nameless:
        yield f"{tally.nameless} rows have no identifier that can be read"
    if tally.untold:
        yield f"{tally.untold} people are left out, for your list has no id of the vendor's for them"
    yield f"{tally.written} of {tally.read} written"


def _lines(numbers: list[int]) -> str:
    more = ", …" if len(numbers) > _NAMED else ""
    return f"line {', '.join(map(str, numbers[:_NAMED]))}{more}"
