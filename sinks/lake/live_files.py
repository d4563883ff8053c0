"""Which files the lake consists of, to the row: for readers who ask the manifests instead of the folders.

Folders show a row twice for a moment while files are merged (see `rewriting`), and what is on its way into its place
not at all. The manifests do neither. What is named here may be moved, or merged into another file, before it is opened:
ask again then.

There is a manifest for each range, so in a year there are many. A checkpoint says what came of all up to some point.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from sinks.lake.files import Files, new_name
from sinks.lake.manifests import (
    INTERACTIONS,
    MANIFESTS,
    STAGING,
    LakeFile,
    Range,
    encode,
    number_text,
    read,
    staged_name,
    staging_of,
)
from sinks.lake.rewrites import REWRITES, Rewrite
from sinks.lake.rewrites import staging_of as staging_of_rewrite
from sinks.lake.snapshots import SNAPSHOTS, Snapshot
from sinks.lake.snapshots import staging_of as staging_of_snapshot

CHECKPOINTS = f"{MANIFESTS}/checkpoints"
_RANGES = f"{MANIFESTS}/{INTERACTIONS}"


class Checkpoint(Struct, frozen=True):
    """What the lake consisted of.

    `ranges` and `snapshots`: the manifests that are in it (of ranges the last of each folder); `rewrites`: how many.
    """

    ranges: dict[str, str]
    snapshots: tuple[str, ...]
    rewrites: int
    files: tuple[LakeFile, ...]


class Live(NamedTuple):
    """The lake at a moment: its files by name, and how it came to be.

    `places`: where those lie that are not in their place yet, since whoever is to move them has crashed or is at it. On
    a store that moves by copying they may be there as well: whoever takes them from there finds them back later.
    """

    files: Mapping[str, LakeFile]
    places: Mapping[str, str]
    ranges: Mapping[str, str]
    snapshots: tuple[str, ...]
    rewrites: int

    def of(self, dataset: str) -> list[LakeFile]:
        """The files of `interactions`, `contact_state` or `contact_links`, in order, by their own names."""
        return [file for name, file in sorted(self.files.items()) if name.startswith(f"{dataset}/")]

    def places_of(self, dataset: str) -> list[str]:
        """Where they are."""
        return [self.places.get(file.name, file.name) for file in self.of(dataset)]


def live(files: Files) -> Live:
    """What the lake consists of now. Raises OSError, and `Damaged`."""
    known = _last_checkpoint(files)
    found = _Found()
    found.add(known.files, "", "")
    rewritten = files.below(REWRITES)[known.rewrites :]  # first: what is merged while we read shows as it was before
    ranges = dict(known.ranges)
    for name in files.below(_RANGES):
        folder = name.rpartition("/")[0]
        if name > known.ranges.get(folder, ""):
            taken = read(files, name, Range)
            found.add(taken.files, staging_of(taken.topic_id, taken.partition, taken.first_offset), taken.writer)
            ranges[folder] = name
    snapshots = tuple(files.below(SNAPSHOTS))
    for name in sorted({*snapshots} - {*known.snapshots}):
        snapshot = read(files, name, Snapshot)
        found.add(snapshot.files, staging_of_snapshot(snapshot.date), snapshot.writer)
    for name in rewritten:
        done = read(files, name, Rewrite)
        found.take_away(done.old)
        found.add(done.new, staging_of_rewrite(done.number), done.writer)
    places = found.places(files.below(STAGING))  # last: what is not staged any more has been moved, and stays so
    return Live(found.files, places, ranges, snapshots, known.rewrites + len(rewritten))


class _Found:
    def __init__(self) -> None:
        self.files: dict[str, LakeFile] = {}
        self._staged: dict[str, str] = {}

    def add(self, new: Iterable[LakeFile], staging: str, writer: str) -> None:
        for file in new:
            self.files[file.name] = file
            self._staged[staged_name(staging, writer, file.name)] = file.name

    def take_away(self, old: Iterable[str]) -> None:
        for name in old:
            self.files.pop(name, None)

    def places(self, staged: Iterable[str]) -> dict[str, str]:
        found = {self._staged[place]: place for place in staged if place in self._staged}
        return {name: place for name, place in found.items() if name in self.files}


def addresses(files: Files, dataset: str, where: Live | None = None) -> list[str]:
    """By what DuckDB and others find the files of a dataset: a list for `read_parquet`."""
    return [files.address(place) for place in (where or live(files)).places_of(dataset)]


def write_checkpoint(files: Files, seen: Live) -> None:
    """Have those who come later read fewer manifests. The newest few stay, for those who are about to read them.

    Not while files are on their way, which only their manifests tell.
    """
    if seen.places:
        return
    checkpoint = Checkpoint(dict(seen.ranges), seen.snapshots, seen.rewrites, tuple(seen.files.values()))
    names = files.below(CHECKPOINTS)
    number = int(names[-1].rpartition("/")[2].removesuffix(".json")) + 1 if names else 0
    files.create(f"{CHECKPOINTS}/{number_text(number)}.json", encode(checkpoint), f"{STAGING}/checkpoints/{new_name()}")
    for name in names[:-2]:
        files.delete(name)


def _last_checkpoint(files: Files) -> Checkpoint:
    names = files.below(CHECKPOINTS)
    return read(files, names[-1], Checkpoint) if names else Checkpoint({}, (), 0, ())
