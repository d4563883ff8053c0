"""Lists the files that the lake consists of, from its manifests: exact to the row.

Folders show a row twice for a moment while files are merged (see `rewrites`), and a file that is being moved into its
place not at all. Manifests do neither. A file may be moved or merged into another before it is opened: list again then.

There is a manifest for each range, so many in a year. A checkpoint sums up all manifests so far.
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
    OffsetRange,
    encode,
    folder_of,
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
    """The files of the lake at some point.

    `ranges` and `snapshots`: the manifests that it covers (of ranges the last of each folder); `rewrites`: how many.
    """

    ranges: dict[str, str]
    snapshots: tuple[str, ...]
    rewrites: int
    files: tuple[LakeFile, ...]


class LiveFiles(NamedTuple):
    """The files of the lake at a moment, by name, and the manifests that it was read from.

    `places`: where files lie that are not in their place yet, since their writer crashed or is still moving them. On a
    store that moves by copying they may be in both places: who deletes them from theirs finds them there again later.
    """

    files: Mapping[str, LakeFile]
    places: Mapping[str, str]
    ranges: Mapping[str, str]
    snapshots: tuple[str, ...]
    rewrites: int

    def of(self, dataset: str) -> list[LakeFile]:
        """The files of a dataset (`interactions`, `contact_state`, `contact_links`), in order of their names."""
        return [file for name, file in sorted(self.files.items()) if name.startswith(f"{dataset}/")]

    def places_of(self, dataset: str) -> list[str]:
        """Where the files of a dataset lie at the moment."""
        return [self.places.get(file.name, file.name) for file in self.of(dataset)]


def find_live_files(files: Files) -> LiveFiles:
    """List the files that the lake consists of now. Raises OSError and `LakeDamaged`."""
    known = _last_checkpoint(files)
    found = _Found()
    found.add(known.files, "", "")
    rewritten = files.below(REWRITES)[known.rewrites :]  # first: what is merged while we read shows as it was before
    ranges = dict(known.ranges)
    for name in files.below(_RANGES):
        folder = name.rpartition("/")[0]
        if name > known.ranges.get(folder, ""):
            taken = read(files, name, OffsetRange)
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
    return LiveFiles(found.files, places, ranges, snapshots, known.rewrites + len(rewritten))


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


def addresses(files: Files, dataset: str, where: LiveFiles | None = None) -> list[str]:
    """The paths or URIs of the files of a dataset: a list for DuckDB's `read_parquet` and others."""
    return [files.address(place) for place in (where or find_live_files(files)).places_of(dataset)]


def next_offsets(files: Files, seen: LiveFiles, topic_id: str, partitions: Iterable[int]) -> dict[int, int]:
    """The first offset of each of these partitions that is not in the lake; without those of which it has none."""
    last = {number: seen.ranges.get(folder_of(topic_id, number)) for number in partitions}
    return {number: read(files, name, OffsetRange).last_offset + 1 for number, name in last.items() if name is not None}


def write_checkpoint(files: Files, seen: LiveFiles) -> None:
    """Write a checkpoint, so that later readers need fewer manifests. The newest few stay, for whoever reads them now.

    Not while files are being moved, which only their manifests say.
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
