"""Ends what killed writers have begun, whom nobody may ever start again: what lies in `_staging` names people too.

Of what a manifest names each range is put in its place, as a writer of that log does when it starts. What none names
has not happened, and of an old file whoever says `lake import` again begins there: after a day nobody waits for it.
"""

from sinks.lake.files import Files
from sinks.lake.manifests import INTERACTIONS, STAGING, is_imported, name_of
from sinks.lake.writer import LakeWriter

_STAGED = f"{STAGING}/{INTERACTIONS}"


def settle(files: Files) -> None:
    """Put in its place what a manifest names, of every log. Raises OSError, and `Damaged`."""
    logs = {_range_of(name)[:2] for name in files.below(_STAGED)}
    for topic_id, partition in sorted(logs):
        LakeWriter(files, topic_id).position(partition)


def give_up_imports(files: Files, before: int) -> list[str]:
    """Delete what imports have staged before a time (ms since 1970) and never ended; returns the names. Raises OSError.

    One that is at it still, frozen, finds its files gone and writes none of them.
    """
    found = unended_imports(files, before)
    for name in found:
        files.delete(name)
    return found


def unended_imports(files: Files, before: int) -> list[str]:
    """What imports have staged before a time (ms since 1970) and no manifest names. Raises OSError."""
    return [name for name in files.below(_STAGED) if _is_unended(files, name) and _is_older(files, name, before)]


def _is_unended(files: Files, name: str) -> bool:
    topic_id, partition, first = _range_of(name)
    return is_imported(topic_id) and not files.there(name_of(topic_id, partition, first))


def _is_older(files: Files, name: str, before: int) -> bool:
    """Also where the store cannot tell of when it is: that a file is written again costs less than a person kept."""
    changed = files.changed(name)
    return changed is None or changed < before


def _range_of(name: str) -> tuple[str, int, int]:
    """Topic, partition and first offset, of what is staged."""
    topic_id, partition, first = name[len(_STAGED) + 1 :].split("/")[:3]
    return topic_id, int(partition), int(first)
