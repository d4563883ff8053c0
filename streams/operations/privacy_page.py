"""What `docs/privacy.md` says of topics and stores, and how compaction is hurried; `make schemas` writes it.

A test holds the committed page to this.
"""

import sys
from pathlib import Path
from textwrap import wrap

from events.topics import ALL, TopicSpec
from streams.platform.stores import STORES
from streams.platform.topics import changelog_topics

_DAY_MS = 86_400_000
_APP_ID = "harmonia"
_HEAD = "\n| {} | what of a person | how long |\n|---|---|---|\n"
_FOR_TOPICS = "for topic in "
_GO_ON = " \\\n" + " " * len(_FOR_TOPICS)
_LOOP = """
  for partition in $(kafka-get-offsets.sh --bootstrap-server "$KAFKA" --topic "$topic" | cut -d: -f2); do
    printf 'nobody:' | kcat -P -b "$KAFKA" -t "$topic" -p "$partition" -K: -Z
  done
done
"""
_HURRIED_TOO = ("experiment-results", f"{_APP_ID}-campaigns-changelog")
"""Compacted topics with nobody in them that are hurried all the same: what they count may be a few people."""


def made_anew(page: str) -> str:
    """The page with its parts as they are to be. Raises `ValueError` where the place of one is not marked."""
    parts = {"topics": table(), "stores": stores_table(), "compaction": f"\n```sh\n{hurrying()}```\n\n"}
    for part, text in parts.items():
        page = _replaced(page, part, text)
    return page


def _replaced(page: str, part: str, text: str) -> str:
    begins, ends = f"<!-- {part}: made by `make schemas` -->\n", f"<!-- {part} end -->\n"
    before, begun, rest = page.partition(begins)
    _, ended, after = rest.partition(ends)
    if not begun or not ended:
        raise ValueError(f"the place of a part is not marked by {begins.strip()} and {ends.strip()}")
    return f"{before}{begun}{text}{ended}{after}"


def table() -> str:
    """The table. Topics that hold the same of a person for the same time share a row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for topic in [*ALL, *changelog_topics(_APP_ID)]:
        rows.setdefault((topic.people, stays_of(topic)), []).append(f"`{topic.name}`")
    lines = [f"| {', '.join(names)} | {people} | {stays} |\n" for (people, stays), names in rows.items()]
    return _HEAD.format("topic") + "".join(lines) + "\n"


def stores_table() -> str:
    """The table of all places besides topics."""
    lines = [f"| {store.place} | {store.people} | {store.stays} |\n" for store in STORES]
    return _HEAD.format("place") + "".join(lines) + "\n"


def stays_of(topic: TopicSpec) -> str:
    """How long something is in a topic, in words."""
    return topic.stays or f"{topic.retention_ms // _DAY_MS} days"


def hurrying() -> str:
    """The shell's loop that writes a record which says nothing to every compacted topic with people in it."""
    names = [topic.name for topic in [*ALL, *changelog_topics(_APP_ID)] if _keeps_people(topic)]
    lines = wrap(" ".join(names), 105, break_on_hyphens=False)
    return f"{_FOR_TOPICS}{_GO_ON.join(lines)}; do{_LOOP}"


def _keeps_people(topic: TopicSpec) -> bool:
    of_nobody = topic.is_of_nobody and topic.name not in _HURRIED_TOO
    return topic.cleanup == "compact" and not of_nobody


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(made_anew(path.read_text()))
