"""Completes or removes what killed writers have left in `_staging`, which holds personal data too.

Files that a manifest names are moved into their place, as a writer of that log does when it starts. Files that none
names do not count; those of an import are deleted after a day: who repeats the import writes them anew.
"""

from sinks.lake.files import Files
from sinks.lake.manifests import INTERACTIONS, STAGING, is_imported, name_of
from sinks.lake.writer import LakeWriter

_STAGED = f"{STAGING}/{INTERACTIONS}"


def settle_unfinished_writes(files: Files) -> None:
    """Move the staged files that manifests name into their places, of every log. Raises OSError and `LakeDamaged`."""
    logs = {_range_of(name)[:2] for name in files.below(_STAGED)}
    for topic_id, partition in sorted(logs):
        LakeWriter(files, topic_id).position(partition)


def abandon_imports(files: Files, before: int) -> list[str]:
    """Delete files that imports staged before a time (ms since 1970) and never committed; returns their names.

    An import that is only frozen finds its files gone and commits none of them. Raises OSError.
    """
    found = unfinished_imports(files, before)
    for name in found:
        files.delete(name)
    return found


def unfinished_imports(files: Files, before: int) -> list[str]:
    """The files that imports staged before a time (ms since 1970) and no manifest names. Raises OSError."""
    return [name for name in files.below(_STAGED) if _is_unended(files, name) and _is_older(files, name, before)]


def _is_unended(files: Files, name: str) -> bool:
    topic_id, partition, first = _range_of(name)
    return is_imported(topic_id) and not files.there(name_of(topic_id, partition, first))


def _is_older(files: Files, name: str, before: int) -> bool:
    """Whether a file is older, or the store does not say: to write a file again costs less than to keep a person."""
    changed = files.changed(name)
    return changed is None or changed < before


def _range_of(name: str) -> tuple[str, int, int]:
    """The topic_id, partition and first offset in a staged name."""
    topic_id, partition, first = name[len(_STAGED) + 1 :].split("/")[:3]
    return topic_id, int(partition), int(first)
