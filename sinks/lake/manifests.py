"""Manifests: what of the topic is in the lake, and in which files. One for each range of offsets, created exclusively.

Whatever is in no manifest does not exist, whatever is in one does, wherever the file lies at that moment. Ranges of a
partition follow one upon the other from offset 0, so two writers of one partition want to create the same manifest, and
one of them loses.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from sinks.lake.files import Files, new_name

INTERACTIONS = "interactions"
MANIFESTS = "_manifests"
STAGING = "_staging"
_BEGUN = "_lake"
_BEGUN_SAYS = b"Here a lake of Harmonia begins. docs/lake.md says what lies where.\n"
_DIGITS = 20
_BY_WHOM = "was it written to by something else?"


Part = Annotated[str, Meta(pattern=r"\A[^/.\x00][^/\x00]*\Z")]
"""Of a name that a manifest says, one part: it leads to nowhere else, as `..` would."""
FileName = Annotated[str, Meta(pattern=r"\A[^/._\x00][^/\x00]*(?:/[^/.\x00][^/\x00]*)+\Z")]
"""Of a file in a folder of the lake. What the lake keeps of itself, in folders that begin with `_`, is never named so:
what a manifest names is moved and deleted."""


class LakeFile(Struct, frozen=True):
    """One Parquet file. `name`: within the lake."""

    name: FileName
    rows: int
    bytes: int


class Range(Struct, frozen=True):
    """The records of a partition from `first_offset` to `last_offset`, both within it.

    Offsets of the markers of transactions are in it too, and of a partition's first range those that the topic had no
    more. `lost`: of no range a record was there any more, and somebody has said to go on. `writer` names where its
    files were staged.
    """

    topic_id: Part
    partition: int
    first_offset: int
    last_offset: int
    writer: Part
    files: tuple[LakeFile, ...] = ()
    lost: bool = False

    @property
    def rows(self) -> int:
        """Of all its files."""
        return sum(file.rows for file in self.files)


Kind = TypeVar("Kind", bound=Struct)


def number_text(number: int) -> str:
    """A number that sorts as text."""
    return f"{number:0{_DIGITS}}"


def folder_of(topic_id: str, partition: int) -> str:
    """Where the manifests of a partition are."""
    return f"{MANIFESTS}/{INTERACTIONS}/{topic_id}/{partition}"


def name_of(topic_id: str, partition: int, first_offset: int) -> str:
    """The manifest of the range that begins there."""
    return f"{folder_of(topic_id, partition)}/{number_text(first_offset)}.json"


def staging_of_partition(topic_id: str, partition: int) -> str:
    """Where files of a partition lie until a manifest names them."""
    return f"{STAGING}/{INTERACTIONS}/{topic_id}/{partition}"


def staging_of(topic_id: str, partition: int, first_offset: int) -> str:
    """The same of one range, whoever writes it."""
    return f"{staging_of_partition(topic_id, partition)}/{number_text(first_offset)}"


def staged_name(staging: str, writer: str, name: str) -> str:
    """Where a writer has a file until it is moved: in folders of the same names, for whoever reads it there."""
    return f"{staging}/{writer}/{name}"


def encode(manifest: Struct) -> bytes:
    """As it is written."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read(files: Files, name: str, kind: type[Kind]) -> Kind:
    """A manifest. Raises FileNotFoundError, and `Damaged` for a file that is none."""
    try:
        return msgspec.json.decode(files.read(name), type=kind)
    except msgspec.ValidationError as error:
        raise Damaged(f"{name} is no manifest of the lake, see {_place_in(error)}: {_BY_WHOM}") from error
    except msgspec.DecodeError as error:
        raise Damaged(f"{name} is no manifest of the lake: {_BY_WHOM}") from error


def _place_in(error: msgspec.ValidationError) -> str:
    """Where in it, `$.old[0]`, and not what stands there."""
    return str(error).rpartition(" - at ")[2].strip("`") if " - at " in str(error) else "its start"


def last_range(files: Files, topic_id: str, partition: int) -> Range | None:
    """The latest range of a partition; None before the first."""
    names = files.below(folder_of(topic_id, partition))
    return read(files, names[-1], Range) if names else None


def date_in(name: str) -> str:
    """The date of the folder in which a file lies, `2012-02-22`; empty where it has none."""
    return name.partition("/date=")[2].partition("/")[0]


def type_in(name: str) -> str:
    """The type of the folder in which a file lies; empty where it has none."""
    return name.partition("/type=")[2].partition("/")[0]


def begin(files: Files) -> None:
    """Say that the lake is here, also while nothing is in it."""
    files.create(_BEGUN, _BEGUN_SAYS, f"{STAGING}/begun/{new_name()}")


def is_lake(files: Files) -> bool:
    """Whether one has begun here. Raises OSError."""
    return files.there(_BEGUN) or bool(files.below(MANIFESTS))


class Damaged(Exception):
    """The lake holds something that nobody of ours has written. The text names it."""


PREFIX = "imported-"
"""With it begin the `topic_id`s of such logs; no topic's does, which have 22 characters."""


def log_of(fingerprint: str) -> str:
    """The `topic_id` of a file, by what is in it."""
    return PREFIX + fingerprint


def is_imported(topic_id: str) -> bool:
    """Whether a row was brought in from a file."""
    return topic_id.startswith(PREFIX)
