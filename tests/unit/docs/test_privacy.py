"""The page of what is where says of every topic what of a person is in it."""

import re
from pathlib import Path

import pytest

from events.topics import ALL, TopicSpec
from streams.people_in_topics import BEGINS, table, with_table
from streams.platform.topics import changelogs

PAGE = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text()
TOPICS = [*ALL, *changelogs("harmonia")]


def test_the_table_of_topics_is_that_of_their_list() -> None:
    assert with_table(PAGE) == PAGE, "run `make schemas`"


def test_every_topic_is_in_one_row_with_what_it_holds_of_a_person() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| `")]
    for topic in TOPICS:
        [row] = [row for row in rows if f"`{topic.name}`" in row.split(" | ")[0]]
        assert f" | {topic.people} | " in row


def test_the_command_that_hurries_compaction_names_every_compacted_topic_with_people_in_it() -> None:
    [listed] = re.findall(r"^for topic in (.*?); do$", PAGE, re.MULTILINE | re.DOTALL)
    assert {topic.name for topic in TOPICS if _keeps_people(topic)} <= set(listed.replace("\\", "").split())


def _keeps_people(topic: TopicSpec) -> bool:
    return topic.cleanup == "compact" and not topic.people.startswith(("nobody", "no contact"))


def test_a_page_whose_place_for_the_table_is_not_marked_is_an_error() -> None:
    with pytest.raises(ValueError, match="not marked"):
        with_table(PAGE.replace(BEGINS, ""))
