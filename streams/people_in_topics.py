"""The table of what of a person is in which topic, in `docs/privacy.md`: made of the list of topics by `make schemas`.

A test holds the committed page to this.
"""

import sys
from pathlib import Path

from events.topics import ALL, TopicSpec
from streams.platform.topics import changelogs

BEGINS, ENDS = "<!-- topics: made by `make schemas` -->\n", "<!-- topics end -->\n"
_HEAD = "\n| topic | what of a person | how long |\n|---|---|---|\n"
_DAY_MS = 86_400_000


def with_table(page: str) -> str:
    """The page with the table as it is to be. Raises `ValueError` where its place is not marked."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"the place of the table is not marked by {BEGINS.strip()} and {ENDS.strip()}")
    return f"{before}{begins}{table()}{ends}{after}"


def table() -> str:
    """The table. Topics that hold the same of a person for the same time share a row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for topic in [*ALL, *changelogs("harmonia")]:
        rows.setdefault((topic.people, _stays(topic)), []).append(f"`{topic.name}`")
    lines = [f"| {', '.join(names)} | {people} | {stays} |\n" for (people, stays), names in rows.items()]
    return _HEAD + "".join(lines) + "\n"


def _stays(topic: TopicSpec) -> str:
    return topic.stays or f"{topic.retention_ms // _DAY_MS} days"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text()))
