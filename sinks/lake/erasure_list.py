"""The lake's list of erased identifiers, as one-way hashes, so that late copies are anonymised as they come in.

The state of an erased contact holds the same: the time of the erasure, under a hash of each identifier.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b, sha256
from typing import NamedTuple

import pyarrow as pa

from sinks.lake.files import Files, new_name
from sinks.lake.manifests import STAGING
from sinks.lake.parquet import read_parquet, write_parquet
from sinks.lake.schema import MOMENT, TEXT

ERASURES = "erasures"
ERASURES_SCHEMA = pa.schema([("trace", TEXT), ("fragment_sha256", TEXT), ("until", MOMENT), ("heard", MOMENT)])
"""`trace`: BLAKE2b (16 bytes) of a fragment, as the state has it; `fragment_sha256`: for SQL, null where only the
trace is known. `until`: interactions up to then never count again. `heard`: when the broker got the command, which may
bear an earlier time; interactions that had arrived by then are erased as well. Null where that is not known."""


class Erasure(NamedTuple):
    """The erasure of one identifier; `until` and `heard` in ms since 1970, see `ERASURES_SCHEMA`."""

    trace: str
    fragment_sha256: str | None
    until: int
    heard: int | None = None


class Erasures:
    """All known erasures, for look-up by fragment. `names`: the files that they were read from."""

    def __init__(self, found: Iterable[Erasure] = (), names: frozenset[str] = frozenset()) -> None:
        self.names = names
        self._until: dict[str, int] = {}
        self._heard: dict[str, int] = {}
        self._said: dict[str, int] = {}
        self._known = set(found)
        for each in self._known:
            self._until[each.trace] = max(each.until, self._until.get(each.trace, each.until))
            heard = max(each.until, each.heard or each.until)
            self._heard[each.trace] = max(heard, self._heard.get(each.trace, heard))
            if each.heard is not None:
                self._said[each.trace] = max(each.heard, self._said.get(each.trace, each.heard))

    def __len__(self) -> int:
        """How many identifiers were erased."""
        return len(self._until)

    def __iter__(self) -> Iterator[Erasure]:
        """Every erasure, of an identifier perhaps more than one."""
        return iter(sorted(self._known, key=str))

    def until(self, fragment: str) -> int | None:
        """Until when (ms) the interactions of a fragment are erased, by when they happened; None where they are not."""
        return self._until.get(trace_of(fragment)) if self._until else None

    def received_until(self, fragment: str) -> int | None:
        """Until when (ms) they are erased by when they arrived: not earlier than `until`."""
        return self._heard.get(trace_of(fragment)) if self._heard else None

    def last_command_received(self, fragment: str) -> int | None:
        """When (ms) the broker got the last command for a fragment; None where the list does not say."""
        return self._said.get(trace_of(fragment)) if self._said else None

    def knows(self, erasure: Erasure) -> bool:
        """Whether a known erasure covers this one."""
        return self._until.get(erasure.trace, erasure.until - 1) >= erasure.until

    def new(self, found: Iterable[Erasure]) -> list[Erasure]:
        """The erasures that are not known yet, each once."""
        return [each for each in dict.fromkeys(found) if each not in self._known]


def erasure_of(fragment: str, until: int, heard: int | None = None) -> Erasure:
    """The erasure of a fragment's interactions that happened up to `until`, or arrived up to `heard`."""
    return Erasure(trace_of(fragment), sha256(fragment.encode()).hexdigest(), until, heard)


def trace_of(fragment: str) -> str:
    """The one-way hash of a fragment, by which it can be recognised and not be read."""
    return blake2b(fragment.encode(), digest_size=16).hexdigest()


def read_erasures(files: Files, known: Erasures | None = None) -> Erasures:
    """Read the lake's list; `known`, the list as read before, is returned where nothing is new."""
    names = files.below(ERASURES)
    if known is not None and known.names == frozenset(names):
        return known
    found: list[Erasure] = []
    for name in names:
        table = read_parquet(files, name, ERASURES_SCHEMA)
        until, heard = (table[name].cast(pa.int64()).to_pylist() for name in ("until", "heard"))
        found += map(Erasure, table["trace"].to_pylist(), table["fragment_sha256"].to_pylist(), until, heard)
    return Erasures(found, frozenset(names))


def add_erasures(files: Files, new: Iterable[Erasure]) -> None:
    """Add erasures to the lake's list, if there are any."""
    columns: Mapping[str, list[object]] = {name: [] for name in ERASURES_SCHEMA.names}
    for each in new:
        for name, value in each._asdict().items():
            columns[name].append(value)
    if columns["trace"]:
        content = io.BytesIO()
        write_parquet(pa.table(columns, schema=ERASURES_SCHEMA), content)
        name = new_name()
        files.create(f"{ERASURES}/{name}.parquet", content.getvalue(), f"{STAGING}/erasures/{name}")
