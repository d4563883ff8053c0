"""Manifests: the records of a topic that are in the lake, and their files. One for each range of offsets.

A file in no manifest does not exist, one in a manifest does, wherever it lies at the moment. Ranges of a partition
follow each other from offset 0 and manifests are created exclusively, so of two writers of one partition one loses.

Old interactions that were never in the topic are imported from files. Each file is a log of its own with rows for
offsets, under the same manifests: each row comes in once, whoever is killed, and an import that is repeated goes on
where it ended. Their time of arrival is when they happened.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from events.json_types import UNREADABLE
from sinks.lake.files import Files, new_name

INTERACTIONS = "interactions"
MANIFESTS = "_manifests"
STAGING = "_staging"
_BEGUN = "_lake"
_BEGUN_SAYS = b"Here a lake of Harmonia begins. docs/lake.md says what lies where.\n"
_DIGITS = 20
_BY_WHOM = "was it written to by something else?"


NamePart = Annotated[str, Meta(pattern=r"\A[^/.\x00][^/\x00]*\Z")]
"""One part of a name in a manifest, without `..` and the like that lead elsewhere."""
FileName = Annotated[str, Meta(pattern=r"\A[^/._\x00][^/\x00]*(?:/[^/.\x00][^/\x00]*)+\Z")]
"""The name of a file in a folder of the lake. The lake's own folders, which begin with `_`, are excluded: files that a
manifest names are moved and deleted."""


class LakeFile(Struct, frozen=True):
    """A Parquet file of the lake; `name` is relative to the lake."""

    name: FileName
    rows: int
    bytes: int


class OffsetRange(Struct, frozen=True):
    """The manifest of the records of a partition from `first_offset` to `last_offset`, both included.

    The range covers offsets of transaction markers too, and a partition's first one those that the topic had already
    deleted. `lost`: the topic had none of its records any more, and an operator has decided to go on. `writer` names
    where its files were staged.
    """

    topic_id: NamePart
    partition: int
    first_offset: int
    last_offset: int
    writer: NamePart
    files: tuple[LakeFile, ...] = ()
    lost: bool = False

    @property
    def rows(self) -> int:
        """The rows of all its files."""
        return sum(file.rows for file in self.files)


Kind = TypeVar("Kind", bound=Struct)


def number_text(number: int) -> str:
    """A number as text that sorts by value."""
    return f"{number:0{_DIGITS}}"


def folder_of(topic_id: str, partition: int) -> str:
    """The folder of a partition's manifests."""
    return f"{MANIFESTS}/{INTERACTIONS}/{topic_id}/{partition}"


def name_of(topic_id: str, partition: int, first_offset: int) -> str:
    """The name of the manifest of the range that begins at an offset."""
    return f"{folder_of(topic_id, partition)}/{number_text(first_offset)}.json"


def staging_of_partition(topic_id: str, partition: int) -> str:
    """The folder where files of a partition lie until a manifest names them."""
    return f"{STAGING}/{INTERACTIONS}/{topic_id}/{partition}"


def staging_of(topic_id: str, partition: int, first_offset: int) -> str:
    """The staging folder of one range, whoever writes it."""
    return f"{staging_of_partition(topic_id, partition)}/{number_text(first_offset)}"


def staged_name(staging: str, writer: str, name: str) -> str:
    """The staged name of a writer's file; its folders have the names of its place, for readers who find it there."""
    return f"{staging}/{writer}/{name}"


def encode(manifest: Struct) -> bytes:
    """The bytes of a manifest."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read(files: Files, name: str, kind: type[Kind]) -> Kind:
    """Read a manifest. Raises FileNotFoundError, and `LakeDamaged` for a file that is none."""
    try:
        return msgspec.json.decode(files.read(name), type=kind)
    except msgspec.ValidationError as error:
        raise LakeDamaged(f"{name} is no manifest of the lake, see {_place_in(error)}: {_BY_WHOM}") from error
    except UNREADABLE as error:
        raise LakeDamaged(f"{name} is no manifest of the lake: {_BY_WHOM}") from error


def _place_in(error: msgspec.ValidationError) -> str:
    """The path of a mistake, such as `$.old[0]`, without the value."""
    return str(error).rpartition(" - at ")[2].strip("`") if " - at " in str(error) else "its start"


def last_range(files: Files, topic_id: str, partition: int) -> OffsetRange | None:
    """The last range of a partition; None before the first."""
    names = files.below(folder_of(topic_id, partition))
    return read(files, names[-1], OffsetRange) if names else None


def date_in(name: str) -> str:
    """The date of the folder in which a file lies, `2012-02-22`; empty where it has none."""
    return name.partition("/date=")[2].partition("/")[0]


def type_in(name: str) -> str:
    """The type of the folder in which a file lies; empty where it has none."""
    return name.partition("/type=")[2].partition("/")[0]


def begin(files: Files) -> None:
    """Mark a store as a lake, also while nothing is in it."""
    files.create(_BEGUN, _BEGUN_SAYS, f"{STAGING}/begun/{new_name()}")


def is_lake(files: Files) -> bool:
    """Whether a store holds a lake. Raises OSError."""
    return files.there(_BEGUN) or bool(files.below(MANIFESTS))


class LakeDamaged(Exception):
    """The lake holds a file that Harmonia has not written; the text names it."""


IMPORTED_PREFIX = "imported-"
"""The start of the `topic_id`s of imported files; a topic's own has 22 characters and never begins so."""


def imported_log_id(fingerprint: str) -> str:
    """The `topic_id` of an imported file, by the fingerprint of its content."""
    return IMPORTED_PREFIX + fingerprint


def is_imported(topic_id: str) -> bool:
    """Whether rows of this `topic_id` were imported from a file."""
    return topic_id.startswith(IMPORTED_PREFIX)
